//! Floor 5: prompts. A question for each working day, and Customer Service Week.

pub mod cron;
pub mod draw;
pub mod holidays;
pub mod pack;
pub mod plan;
pub mod schedule;
pub mod week;

pub use self::cron::{Cron, NotACron};
pub use self::draw::{Used, draw};
pub use self::holidays::Region;
pub use self::pack::{Fault, Pack, Packs, Prompt, Theme, check};
pub use self::plan::{Planned, PlannedKind, plan};
pub use self::schedule::{Schedule, WeekMode};
pub use self::week::{WeekDay, week_of};
