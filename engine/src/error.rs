//! What went wrong: what may be said outside, and what is known inside.
//! Refuses to show its cause to anybody but the log.

use rules::account::FieldError;
use std::fmt;

/// What an error says to whoever asked. This is all that leaves the building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// There is no such thing (or none that this person may see).
    NotFound,
    /// Some fields of a form are wrong.
    Invalid(Vec<FieldError>),
    /// It cannot be done now, for the reason in this sentence.
    Conflict(String),
    /// Not allowed.
    Forbidden,
    /// Too much at once: nothing was done, try again.
    Busy,
    /// Something broke; nothing was done. The log knows more under this number.
    Broken {
        /// The number to tell support.
        number: String,
    },
}

/// One sentence for a command line.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such thing"),
            Self::Invalid(fields) => {
                let all: Vec<_> = fields.iter().map(|field| format!("{}: {}", field.field, field.why)).collect();
                f.write_str(&all.join("; "))
            }
            Self::Conflict(why) => f.write_str(why),
            Self::Forbidden => f.write_str("this is not allowed"),
            Self::Busy => f.write_str("it is busy; nothing was done, try again"),
            Self::Broken { number } => write!(f, "something broke (number {number}); nothing was done"),
        }
    }
}

/// A verb that was not carried out.
#[derive(Debug)]
pub struct Error {
    said: Said,
    cause: Option<String>,
    lost_a_race: bool,
}

impl Error {
    /// There is no such thing.
    pub fn not_found() -> Self {
        Said::NotFound.into()
    }

    /// It cannot be done now, because of `sentence`.
    pub fn conflict(sentence: impl Into<String>) -> Self {
        Said::Conflict(sentence.into()).into()
    }

    /// One field is wrong.
    pub fn field(field: &str, why: impl Into<String>) -> Self {
        Said::Invalid(vec![FieldError::new(field, why)]).into()
    }

    /// Something broke that nobody can mend by asking differently.
    pub fn broken(cause: impl fmt::Display) -> Self {
        let cause = cause.to_string();
        // A short number from the cause itself: the same fault has the same number in every log line.
        let number = cause
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self { said: Said::Broken { number: format!("{:08X}", number >> 32) }, cause: Some(cause), lost_a_race: false }
    }

    /// A concurrent transaction came first; done again, the verb may succeed.
    pub(crate) fn lost_race(cause: impl fmt::Display) -> Self {
        Self { said: Said::Busy, cause: Some(cause.to_string()), lost_a_race: true }
    }

    /// The database went away: nobody knows whether the verb was carried out, and who asks again finds out.
    pub(crate) fn unanswered(cause: impl fmt::Display) -> Self {
        Self { said: Said::Busy, cause: Some(cause.to_string()), lost_a_race: false }
    }

    /// True when a concurrent transaction came first.
    pub(crate) const fn lost_a_race(&self) -> bool {
        self.lost_a_race
    }

    /// What may be said outside.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// What the log should know.
    pub fn cause(&self) -> &str {
        self.cause.as_deref().unwrap_or("")
    }

    /// True when the same verb may succeed if simply tried again.
    pub fn is_busy(&self) -> bool {
        self.said == Said::Busy
    }
}

impl From<Said> for Error {
    fn from(said: Said) -> Self {
        Self { said, cause: None, lost_a_race: false }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        if crate::store::is_lost_race(&error) {
            return Self::lost_race(error);
        }
        if crate::store::is_busy(&error) {
            return Self::unanswered(error);
        }
        Self::broken(error)
    }
}

impl From<rules::ids::NotAName> for Error {
    fn from(error: rules::ids::NotAName) -> Self {
        Self::broken(error)
    }
}

impl From<rules::fen::NotMoney> for Error {
    fn from(error: rules::fen::NotMoney) -> Self {
        Self::broken(error)
    }
}

impl From<rules::payout::InvalidTransition> for Error {
    fn from(error: rules::payout::InvalidTransition) -> Self {
        Self::broken(error)
    }
}

/// For the log: what was said and why.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.said)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
