//! The binary: reads `.env` and the command line, starts telemetry, calls the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any thread starts, and before clap reads the environment.
    if let Err(error) = plaudit::cli::read_env_file() {
        eprintln!("plaudit: {}", plaudit::cli::sentence(&error));
        return ExitCode::FAILURE;
    }
    let cli = match plaudit::cli::parse() {
        Ok(cli) => cli,
        Err(error) => {
            eprintln!("plaudit: {}", plaudit::cli::sentence(&error));
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = plaudit::telemetry::start(std::env::var("PLAUDIT_LOG").ok().as_deref()) {
        eprintln!("plaudit: {error}");
        return ExitCode::FAILURE;
    }
    match plaudit::cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plaudit: {}", plaudit::cli::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
