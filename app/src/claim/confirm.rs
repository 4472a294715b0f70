//! The state of a transfer that waits for its follower: the only page with a script, since WeChat asks for one.
//! Refuses to say that it is paid: the script only opens WeChat's own page and looks again afterwards.
//!
//! <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html>

use crate::claim::Face;
use crate::claim::frame::{Mark, claim_path};
use crate::claim::money::result;
use leptos::prelude::*;
use rules::Fen;
use rules::payout::Back;
use rules::say::claim as say;

/// The page's one inline script, exactly, for the policy's hash. All that differs stands in the button's attributes.
pub const SCRIPT: &str = include_str!("../../../style/confirm.js");

/// What WeChat's confirm page is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The merchant of the bill.
    pub mch_id: String,
    /// The account of the bill.
    pub appid: String,
    /// WeChat's own word for the bill.
    pub package_info: String,
    /// What `wx.config` wants, as JSON; absent while WeChat gives no ticket.
    pub config: Option<String>,
    /// Where the JS-SDK lives.
    pub sdk_url: String,
}

/// A button that the script shows and serves; without it, where to go.
pub fn waiting(face: &Face, fen: Fen, ask: &Ask) -> AnyView {
    let lang = face.lang;
    let next = claim_path(&face.slug);
    let button = view! {
        <p>
            <button
                id="confirm"
                class="button"
                type="button"
                hidden=true
                data-mch-id=ask.mch_id.clone()
                data-app-id=ask.appid.clone()
                data-package=ask.package_info.clone()
                data-config=ask.config.clone()
                data-next=next.clone()
            >
                {say::confirm_button(lang)}
            </button>
        </p>
        <noscript>
            <p class="text">{say::confirm_no_script(lang)}</p>
        </noscript>
        <p>
            <a class="quiet" href=next>{say::confirm_look_again(lang)}</a>
        </p>
        <script src=ask.sdk_url.clone()></script>
        <script inner_html=SCRIPT></script>
    };
    let (word, text) = (say::payout_word(STATE, lang), say::payout_next(STATE, Back::NotConfirmed, lang).to_owned());
    result(face, fen, Mark::Envelope, word, text, Some(button.into_any()))
}

const STATE: rules::payout::State = rules::payout::State::WaitingConfirm;
