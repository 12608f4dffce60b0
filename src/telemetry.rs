//! Logs: what happened to which ids. Never a token, a body or the words of a kudos.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Starts logging to standard error by `PLAUDIT_LOG`: a filter such as `info` (the default) or `plaudit=debug`; with
/// `json` in front, as in `json,info`, one JSON object a line.
///
/// # Errors
/// The sentence that says which part of the filter can't be read.
pub fn start(setting: Option<&str>) -> Result<(), String> {
    let setting = setting
        .map(str::trim)
        .filter(|setting| !setting.is_empty())
        .unwrap_or("info");
    let (json, filter) = match setting.strip_prefix("json") {
        Some(rest) if rest.is_empty() || rest.starts_with(',') => (true, rest.trim_start_matches(',')),
        _ => (false, setting),
    };
    let filter = if filter.is_empty() { "info" } else { filter };
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("PLAUDIT_LOG can't be read: {error}. Examples: info, plaudit=debug, json,info."))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colours are for people; a file or a log collector would keep them as garbage.
        .with_ansi(std::io::stderr().is_terminal())
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    // A second start in one process (tests) keeps the first.
    let _ = if json { logs.json().try_init() } else { logs.try_init() };
    Ok(())
}
