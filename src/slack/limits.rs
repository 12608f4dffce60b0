//! Slack's numbers. Lengths are in characters; Slack does not say of which kind, so [`crate::slack::blocks`] counts
//! UTF-16 units, of which a text never has fewer than any other kind of character.

use std::time::Duration;

/// Blocks in one message (docs.slack.dev/reference/block-kit/blocks).
pub const BLOCKS_PER_MESSAGE: usize = 50;
/// Blocks in one modal or Home (docs.slack.dev/reference/views).
pub const BLOCKS_PER_VIEW: usize = 100;
/// JSON of one modal or Home, in bytes. Slack: 250 kB (docs.slack.dev/reference/views); the rest is for what is not blocks.
pub const VIEW_BYTES: usize = 240_000;
/// Title of a modal, and its buttons.
pub const VIEW_TITLE: usize = 24;
/// What comes back with a view.
pub const PRIVATE_METADATA: usize = 3_000;
/// Views that can be open on top of each other.
pub const VIEWS_DEEP: usize = 3;
/// Label and hint of an input.
pub const INPUT_LABEL: usize = 2_000;
/// What can be typed into an input.
pub const INPUT_TEXT: usize = 3_000;
/// Grey text in an empty field.
pub const PLACEHOLDER_TEXT: usize = 150;
/// Options of a menu.
pub const SELECT_OPTIONS: usize = 100;
/// Radio buttons or checkboxes in one group.
pub const VISIBLE_OPTIONS: usize = 10;
/// Title, text and buttons of a question before a click.
pub const CONFIRM_TITLE: usize = 100;
/// See [`CONFIRM_TITLE`].
pub const CONFIRM_TEXT: usize = 300;
/// See [`CONFIRM_TITLE`].
pub const CONFIRM_BUTTON: usize = 30;
/// Text of a section (Block Kit types of Slack's Node and Python SDKs, like every limit of a block below).
pub const SECTION_TEXT: usize = 3_000;
/// Text of a header.
pub const HEADER_TEXT: usize = 150;
/// Texts and images in one context block.
pub const CONTEXT_ELEMENTS: usize = 10;
/// Text of one text object in a context block.
pub const CONTEXT_TEXT: usize = 3_000;
/// Buttons and menus in one actions block.
pub const ACTIONS_ELEMENTS: usize = 25;
/// `block_id`, `action_id` and `callback_id`.
pub const ID: usize = 255;
/// URL of an image, a button or a menu's option.
pub const URL: usize = 3_000;
/// Alternative text of an image.
pub const ALT_TEXT: usize = 2_000;
/// Alternative text of a file (docs.slack.dev/reference/methods/files.getUploadURLExternal).
pub const FILE_ALT_TEXT: usize = 1_000;
/// Title of an image block.
pub const IMAGE_TITLE: usize = 2_000;
/// Label of a button (about 30 are shown).
pub const BUTTON_TEXT: usize = 75;
/// Value of a button.
pub const BUTTON_VALUE: usize = 2_000;
/// Accessibility label of a button.
pub const ACCESSIBILITY_LABEL: usize = 75;
/// Entries of an overflow menu; it has at least one.
pub const OVERFLOW_OPTIONS: usize = 5;
/// Label of a menu's option.
pub const OPTION_TEXT: usize = 75;
/// Value of a menu's option.
pub const OPTION_VALUE: usize = 150;

/// Top-level text of a message: `chat.update` refuses more with `msg_too_long`, so nothing longer is posted either.
pub const MESSAGE_TEXT: usize = 4_000;
/// Time between two messages to one channel: about one a second, short bursts are tolerated
/// (docs.slack.dev/apis/web-api/rate-limits).
pub const MESSAGE_INTERVAL: Duration = Duration::from_secs(1);
/// What to wait after a 429 that does not say: Slack counts per minute.
pub const RETRY_AFTER_UNKNOWN: Duration = Duration::from_secs(60);

/// Commands, events and clicks must be answered within this time
/// (docs.slack.dev/interactivity/handling-user-interaction).
pub const ACKNOWLEDGE: Duration = Duration::from_secs(3);
/// A `trigger_id` opens one modal within this time.
pub const TRIGGER_LIFETIME: Duration = Duration::from_secs(3);
/// A `response_url` works for this long …
pub const RESPONSE_URL_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// … and this many times.
pub const RESPONSE_URL_USES: u32 = 5;
/// How far a request's timestamp may be from now, in either direction, in seconds
/// (docs.slack.dev/authentication/verifying-requests-from-slack).
pub const SIGNATURE_AGE_SECONDS: u64 = 300;

/// Members asked for in one page of `users.list` (200 advised, at most 1,000).
pub const USERS_PAGE: u32 = 200;

/// People asked for in one page of `conversations.members` (below 1,000).
pub const MEMBERS_PAGE: u32 = 999;
