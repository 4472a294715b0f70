//! The icons, drawn as one stroke each so that they take the colour of the text beside them.
//! Refuses to speak alone: an icon is hidden from readers and always stands beside its word.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own picture")]
pub enum Icon {
    Overview,
    Campaigns,
    Accounts,
    Claims,
    Budgets,
    Reconciliation,
    Theme,
    Person,
    Language,
    Ok,
    Warn,
    Bad,
    Info,
    Pause,
    Plus,
    Copy,
    Download,
    Packet,
    Link,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "M4 19V5M4 19h16M8 15l3-4 3 2 5-6",
            Self::Campaigns => "M4 10v4l3 .5V19h3v-4l9 3V6L8 10z",
            Self::Accounts => {
                "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.4-3.6 3-6 6.5-6s6.1 2.4 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.3M18 14.6c2 .8 3.3 2.7 3.6 5.4"
            }
            Self::Claims => "M5 4h14v16l-3-2-2 2-2-2-2 2-2-2-3 2zM9 9h6M9 13h6",
            Self::Budgets => "M3 7h15a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3 7l2-3h11v3M15 13.5h2",
            Self::Reconciliation => {
                "M12 4v16M8 20h8M5 7h14M5 7l-3 7a3.200 3.200 0 0 0 6 0zM19 7l-3 7a3.200 3.200 0 0 0 6 0z"
            }
            Self::Theme => "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
            Self::Person => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5c.6-4 3.800-6 8-6s7.400 2 8 6",
            Self::Language => "M3 12h18M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 0c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
            Self::Ok => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 12.200l2.700 2.800L16 9.500",
            Self::Warn => "M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1",
            Self::Bad => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 9l6 6M15 9l-6 6",
            Self::Info => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.700v.1",
            Self::Pause => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM10 9v6M14 9v6",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Self::Download => "M12 4v11M7.500 11l4.500 4.500L16.500 11M4 20h16",
            Self::Packet => "M6 3h12v18H6zM6 8q6 4.500 12 0M12 12.500v.1",
            Self::Link => {
                "M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1"
            }
        }
    }
}

/// The product's mark: a red packet with its golden seal.
pub fn mark() -> AnyView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect x="5" y="2" width="22" height="28" rx="4" class="mark-packet"></rect>
            <path d="M6 9q10 8 20 0" class="mark-fold"></path>
            <circle cx="16" cy="15" r="5" class="mark-seal"></circle>
        </svg>
    }
    .into_any()
}

/// One icon of 20 px (or as large as its surroundings say).
pub fn icon(icon: Icon) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=icon.path()></path>
        </svg>
    }
    .into_any()
}
