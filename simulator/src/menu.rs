//! An account's menu: made, told and taken away.
//! It refuses a menu whose buttons are too many or whose names are too long, with the code for each.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared};
use axum::http::Method;
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::cgi::done;
use crate::config::{Account, Kind};
use crate::follower::NOT_GRANTED;
use crate::sim::Sim;
use crate::tokens::{json_body, with_token};

/// All calls of this file.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/cgi-bin/menu/create", any(create))
        .route("/cgi-bin/menu/get", get(tell))
        .route("/cgi-bin/menu/delete", get(delete))
        .route("/cgi-bin/get_current_selfmenu_info", get(tell_current))
}

/// Menus by call: for every account but an unverified subscription account.
fn granted(account: &Account) -> Result<(), ApiError> {
    if account.verified || account.kind == Kind::Service { Ok(()) } else { Err(NOT_GRANTED) }
}

/// What one button must fulfil, with the codes for its place in the menu.
fn check(button: &Value, name_max: usize, codes: [i64; 4]) -> Result<(), ApiError> {
    let [of_type, of_name, of_key, of_url] = codes;
    let length = |name: &str| button[name].as_str().unwrap_or_default().len();
    if !(1..=name_max).contains(&length("name")) {
        return Err(ApiError(of_name, "invalid button name size"));
    }
    if length("key") > 128 {
        return Err(ApiError(of_key, "invalid button key size"));
    }
    if length("url") > 1024 {
        return Err(ApiError(of_url, "invalid button url size"));
    }
    let is_group = button["sub_button"].as_array().is_some_and(|buttons| !buttons.is_empty());
    match button["type"].as_str() {
        None if is_group => Ok(()),
        Some("click") if length("key") == 0 => Err(ApiError(of_key, "invalid button key size")),
        Some("view") if length("url") == 0 => Err(ApiError(of_url, "invalid button url size")),
        Some(kind) if !kind.is_empty() => Ok(()),
        None | Some(_) => Err(ApiError(of_type, "invalid button type")),
    }
}

fn check_all(buttons: &[Value]) -> Result<(), ApiError> {
    if !(1..=3).contains(&buttons.len()) {
        return Err(ApiError(40016, "invalid button size"));
    }
    for button in buttons {
        check(button, 16, [40017, 40018, 40019, 40020])?;
        let Some(below) = button["sub_button"].as_array() else { continue };
        if below.len() > 5 {
            return Err(ApiError(40023, "invalid sub button size"));
        }
        below.iter().try_for_each(|button| check(button, 60, [40024, 40025, 40026, 40027]))?;
    }
    Ok(())
}

/// `POST /cgi-bin/menu/create`
/// <https://developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu>
async fn create(Shared(sim): Shared<Arc<Sim>>, method: Method, RawQuery(raw): RawQuery, body: Bytes) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        granted(account)?;
        let read = json_body(&method, &body)?;
        if body.windows(2).any(|pair| pair == b"\\u") {
            return Err(ApiError(
                40033,
                "invalid charset. please check your request, if include \\uxxxx will create fail!",
            ));
        }
        let buttons = read["button"].as_array().ok_or(ApiError(40016, "invalid button size"))?;
        check_all(buttons)?;
        sim.change(|state| state.menus.insert(account.appid.clone(), json!({ "button": buttons })));
        Ok(done())
    })
    .await
}

/// `GET /cgi-bin/menu/get`
/// <https://developers.weixin.qq.com/doc/service/api/custommenu/api_getmenu>
async fn tell(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        granted(account)?;
        let menu = sim.read(|state| state.menus.get(&account.appid).cloned());
        menu.map(|menu| json!({ "menu": menu })).ok_or(ApiError(46003, "menu no exist"))
    })
    .await
}

/// `GET /cgi-bin/menu/delete`
/// <https://developers.weixin.qq.com/doc/service/api/custommenu/api_deletemenu>
async fn delete(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        granted(account)?;
        sim.change(|state| state.menus.remove(&account.appid));
        Ok(done())
    })
    .await
}

/// `GET /cgi-bin/get_current_selfmenu_info`: the same menu, with its lower buttons in a list of their own.
/// <https://developers.weixin.qq.com/doc/service/api/custommenu/api_getcurrentselfmenuinfo>
async fn tell_current(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        granted(account)?;
        let Some(mut menu) = sim.read(|state| state.menus.get(&account.appid).cloned()) else {
            return Ok(json!({ "is_menu_open": 0 }));
        };
        for button in menu["button"].as_array_mut().into_iter().flatten() {
            if let Some(below) = button.get_mut("sub_button") {
                *below = json!({ "list": below.take() });
            }
        }
        Ok(json!({ "is_menu_open": 1, "selfmenu_info": menu }))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_of_a_menu_has_its_code() {
        let button = |more: Value| {
            let mut button = json!({ "type": "click", "name": "红包", "key": "k" });
            button.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            button
        };
        let view = json!({ "type": "view", "name": "看", "url": "http://h/" });
        let group = |below: Vec<Value>| json!({ "name": "更多", "sub_button": below });
        assert_eq!(check_all(&[button(json!({})), group(vec![view.clone(); 5])]), Ok(()));
        let cases = [
            (Vec::new(), 40016),
            (vec![view.clone(); 4], 40016),
            (vec![json!({ "name": "a" })], 40017),
            (vec![button(json!({ "name": "一二三四五六" }))], 40018),
            (vec![button(json!({ "key": "" }))], 40019),
            (vec![button(json!({ "url": "u".repeat(1025) }))], 40020),
            (vec![group(vec![view.clone(); 6])], 40023),
            (vec![group(vec![json!({ "name": "a" })])], 40024),
            (vec![group(vec![json!({ "type": "view", "name": "a" })])], 40027),
        ];
        for (buttons, code) in cases {
            assert_eq!(check_all(&buttons).unwrap_err().0, code, "{buttons:?}");
        }
    }
}
