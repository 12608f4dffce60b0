//! Modals and App Home.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Client, Encoding, POSTING_DEADLINE};
use crate::base::ids::UserId;
use crate::slack::blocks::View;
use crate::slack::errors::ApiError;

/// A view that Slack shows now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Viewed {
    /// Slack's id, `V…`.
    pub id: String,
    /// Changes with every change of the view.
    #[serde(default)]
    pub hash: String,
}

#[derive(Deserialize)]
struct Answer {
    view: Viewed,
}

impl Client {
    /// Opens a modal for whoever's trigger it is, within `deadline` in real time. Slack: a trigger lives 3 s and opens
    /// one modal.
    ///
    /// # Errors
    /// [`ApiError`]; see [`ApiError::is_spent_trigger`].
    pub async fn views_open(&self, trigger_id: &str, view: &View, deadline: Duration) -> Result<Viewed, ApiError> {
        self.opened("views.open", trigger_id, view, deadline).await
    }

    /// Puts a modal on top of the one that is open; at most three.
    ///
    /// # Errors
    /// [`ApiError`]; see [`ApiError::is_spent_trigger`]; `push_limit_reached`.
    pub async fn views_push(&self, trigger_id: &str, view: &View, deadline: Duration) -> Result<Viewed, ApiError> {
        self.opened("views.push", trigger_id, view, deadline).await
    }

    async fn opened(
        &self,
        method: &'static str,
        trigger_id: &str,
        view: &View,
        deadline: Duration,
    ) -> Result<Viewed, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            trigger_id: &'a str,
            view: &'a View,
        }
        let params = Params { trigger_id, view };
        let answer: Answer = self.call(method, Encoding::Json, &params, deadline).await?;
        Ok(answer.view)
    }

    /// Shows another view in the place of an open one; with `hash` only if nothing changed it meanwhile.
    ///
    /// # Errors
    /// [`ApiError`]; `hash_conflict`, `not_found`.
    pub async fn views_update(&self, view_id: &str, hash: Option<&str>, view: &View) -> Result<Viewed, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            view_id: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            hash: Option<&'a str>,
            view: &'a View,
        }
        let params = Params { view_id, hash, view };
        let answer: Answer = self
            .call("views.update", Encoding::Json, &params, POSTING_DEADLINE)
            .await?;
        Ok(answer.view)
    }

    /// Shows somebody's App Home.
    ///
    /// # Errors
    /// [`ApiError`]; `not_enabled` when the manifest has no Home tab.
    pub async fn views_publish(&self, user: &UserId, view: &View) -> Result<Viewed, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            user_id: &'a UserId,
            view: &'a View,
        }
        let params = Params { user_id: user, view };
        let answer: Answer = self
            .call("views.publish", Encoding::Json, &params, POSTING_DEADLINE)
            .await?;
        Ok(answer.view)
    }
}
