//! Floor 5: prompts. A question for each working day, and Customer Service Week.

pub mod cron;
pub mod deliver;
pub mod draw;
pub mod holidays;
pub mod inputs;
pub mod manage;
pub mod messages;
pub mod pack;
pub mod plan;
mod preview;
pub mod schedule;
pub mod store;
mod stored;
mod tick;
pub mod week;

pub use self::cron::{Cron, NotACron};
pub use self::draw::{Used, draw};
pub use self::holidays::Region;
pub use self::pack::{Fault, Pack, Packs, Prompt, Theme, check};
pub use self::plan::{Planned, PlannedKind, plan};
pub use self::preview::{preview, schedules_in};
pub use self::schedule::{Schedule, WeekMode};
pub use self::store::{Turnout, erase, export, next_due, turnout};
pub use self::tick::tick;
pub use self::week::{WeekDay, week_of};
