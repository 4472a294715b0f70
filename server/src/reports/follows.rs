//! The export of follows: whose, through which link, and how each of the two is known.
//! Refuses to name a follower in full to who may only look.

use super::People;
use engine::reports::ExportedFollow;
use rules::say::{Lang, states};

/// One follow as cells, in the order of its columns.
pub fn cells(follow: &ExportedFollow, lang: Lang, people: People) -> [String; 8] {
    [
        format!("F{}", follow.id),
        follow.at.beijing().to_string(),
        follow.account_name.clone(),
        follow.openid.as_ref().map(|openid| people.shows(openid.as_str())).unwrap_or_default(),
        follow.link_code.clone(),
        states::attribution(follow.attribution, lang).to_owned(),
        states::novelty(follow.novelty, lang).to_owned(),
        states::grade(follow.grade, lang).to_owned(),
    ]
}
