//! Every sentence Lingbao says, Chinese and English side by side, one file per feature.
//! Refuses to mix languages: each sentence is a function of the language.

use serde::{Deserialize, Serialize};

pub mod account;
pub mod alert;
pub mod bill;
pub mod campaign;
pub mod claim;
pub mod dashboard;
pub mod money;
pub mod notice;
pub mod payout;
pub mod prize;
pub mod refusal;
pub mod rehearsal;
pub mod reply;
pub mod report;
pub mod setup;
pub mod states;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The language of a cookie or query value; anything unknown is Chinese.
    pub fn of(text: &str) -> Self {
        if text == "en" { Self::En } else { Self::Zh }
    }

    /// The value for `<html lang>`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The value for a cookie or query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Picks the sentence of this language.
    pub const fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Declares sentences without arguments: name, Chinese, English.
macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident: $zh:literal, $en:literal;)+) => {
        $(
            $(#[$doc])*
            #[doc = concat!("`", $en, "`")]
            pub const fn $name(lang: $crate::say::Lang) -> &'static str {
                lang.pick($zh, $en)
            }
        )+
    };
}
pub(crate) use sentences;
