//! What can go wrong between us and the database.

use std::sync::Arc;

/// A failed read or write. `Clone`, because one failed commit answers every write of its batch.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Statement(Arc<sqlx::Error>),
    /// The transaction could not be begun or committed; nothing of it is stored, or (a connection lost during a
    /// commit) it is unknown whether it is.
    #[error("the transaction could not be committed: {0}")]
    Commit(Arc<sqlx::Error>),
    /// An earlier statement of the same transaction failed, so it was rolled back although its closure went on.
    #[error("the transaction had failed before it was committed")]
    Failed,
    /// A write took longer than its deadline and was rolled back.
    #[error("the write took too long and was rolled back")]
    TooSlow,
    /// A write panicked and was rolled back.
    #[error("the write panicked and was rolled back")]
    Panicked,
    /// Another write of the batch broke it; this one was rolled back and may be tried again.
    #[error("the batch was rolled back; try again")]
    BatchBroken,
    /// A stored value can't be read back: the database was changed by somebody else.
    #[error("a stored value can't be read: {0}")]
    Unreadable(&'static str),
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same write may succeed if it is simply run again: a deadlock, a serialization failure, a lost
    /// connection, or two writers that met on one unique key (the second one then sees the first).
    pub fn is_worth_another_try(&self) -> bool {
        match self {
            Self::BatchBroken => true,
            Self::Statement(error) | Self::Commit(error) => match error.as_ref() {
                sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(error) => {
                    error.is_unique_violation()
                        || matches!(error.code().as_deref(), Some("40001" | "40P01" | "57P01" | "57P02"))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the trouble is with the data of this write and not with the database: another write would succeed.
    pub fn is_about_the_data(&self) -> bool {
        match self {
            Self::Statement(error) => match error.as_ref() {
                sqlx::Error::Database(error) => {
                    error.is_unique_violation()
                        || error.is_check_violation()
                        || error.code().is_some_and(|code| code.starts_with("22") || code == "1")
                }
                sqlx::Error::Encode(_) => true,
                _ => false,
            },
            Self::Panicked | Self::Failed => true,
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Statement(Arc::new(error))
    }
}
