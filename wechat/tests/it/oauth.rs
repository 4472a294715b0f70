//! The OAuth calls and the sorting of errors, against a real socket.
//! The server answers what WeChat's pages print; the client must make the right thing of it.

use crate::servers::{client, serve};
use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::routing::get;
use wechat::Kind;

/// A server whose exchange answers by the `code` it is given.
async fn wechat() -> wechat::Client {
    async fn exchange(RawQuery(query): RawQuery) -> (StatusCode, &'static str) {
        let query = query.unwrap();
        assert!(query.starts_with("appid=wx1&secret=s3cret&code="), "{query}");
        assert!(query.ends_with("&grant_type=authorization_code"), "{query}");
        let code = query.split("code=").nth(1).unwrap().split('&').next().unwrap();
        let answer = match code {
            "good" => {
                r#"{"access_token":"A","expires_in":7200,"refresh_token":"R","openid":"oMing","scope":"snsapi_base"}"#
            }
            "snapshot" => {
                r#"{"access_token":"A","expires_in":7200,"refresh_token":"R","openid":"oFake","scope":"snsapi_userinfo","is_snapshotuser":1,"unionid":"u"}"#
            }
            "no-unionid" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","unionid":null}"#,
            "empty-unionid" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","unionid":""}"#,
            "unionid" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","unionid":"u","new":[{}]}"#,
            "snapshot-0" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","is_snapshotuser":0}"#,
            "snapshot-text-0" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","is_snapshotuser":"0"}"#,
            "snapshot-null" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","is_snapshotuser":null}"#,
            "snapshot-text-1" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","is_snapshotuser":"1"}"#,
            "snapshot-true" => r#"{"access_token":"A","expires_in":7200,"openid":"oMing","is_snapshotuser":true}"#,
            "errcode-0" => r#"{"errcode":0,"errmsg":"ok","access_token":"A","expires_in":7200,"openid":"oMing"}"#,
            "errcode-text-0" => r#"{"errcode":"0","access_token":"A","expires_in":7200,"openid":"oMing"}"#,
            "used-text" => r#"{"errcode":"40163","errmsg":"code been used"}"#,
            "busy-text" => r#"{"errcode":"-1","errmsg":"system error"}"#,
            "errcode-word" => r#"{"errcode":"x","access_token":"A","expires_in":7200,"openid":"oMing"}"#,
            "nobody" => r#"{"access_token":"A","expires_in":7200,"openid":""}"#,
            "used" => r#"{"errcode":40163,"errmsg":"code been used, rid: 1"}"#,
            "bad" => r#"{"errcode":40029,"errmsg":"invalid code used, rid: 1"}"#,
            "secret" => r#"{"errcode":40001,"errmsg":"invalid credential s3cret"}"#,
            "busy" => r#"{"errcode":-1,"errmsg":"system error"}"#,
            "html" => "<html>hello</html>",
            "gateway" => return (StatusCode::BAD_GATEWAY, "<html>502</html>"),
            "moved" => return (StatusCode::FOUND, "{}"),
            other => panic!("{other}"),
        };
        (StatusCode::OK, answer)
    }
    let router = Router::new()
        .route("/sns/oauth2/access_token", get(exchange))
        .route(
            "/sns/userinfo",
            get(|| async {
                r#"{"openid":"oMing","nickname":"小明","sex":0,"province":"","city":"","country":"","headimgurl":"https://thirdwx.qlogo.cn/x/132","privilege":[],"unionid":""}"#
            }),
        )
        .route(
            "/sns/auth",
            get(|RawQuery(query): RawQuery| async move {
                if query.unwrap().contains("access_token=live") {
                    r#"{"errcode":0,"errmsg":"ok"}"#
                } else {
                    r#"{"errcode":40003,"errmsg":"invalid openid"}"#
                }
            }),
        );
    client(&serve(router).await)
}

#[tokio::test]
async fn a_code_is_exchanged_for_who_it_is() {
    let wechat = wechat().await;
    let ming = wechat.exchange_code("wx1", "s3cret", "good").await.unwrap();
    assert_eq!(ming.openid, "oMing");
    assert_eq!(ming.unionid, None);
    assert!(!ming.is_snapshotuser);
    assert!(!format!("{ming:?}").contains("oMing"));
    let snapshot = wechat.exchange_code("wx1", "s3cret", "snapshot").await.unwrap();
    assert!(snapshot.is_snapshotuser);
    assert_eq!(snapshot.unionid.as_deref(), Some("u"));
    let info = wechat.userinfo("A", "oMing").await.unwrap();
    assert_eq!(info.nickname, "小明");
    assert_eq!(info.unionid, None);
    assert_eq!(wechat.check("live", "oMing").await, Ok(true));
    assert_eq!(wechat.check("dead", "oMing").await, Ok(false));
}

/// The server above answers `text/plain; charset=utf-8`, as WeChat does: what is inside decides.
#[tokio::test]
async fn an_answer_means_the_same_however_its_fields_are_written() {
    let wechat = wechat().await;
    let unionids = [("good", None), ("no-unionid", None), ("empty-unionid", None), ("unionid", Some("u"))];
    for (code, unionid) in unionids {
        let person = wechat.exchange_code("wx1", "s3cret", code).await.unwrap();
        assert_eq!((person.openid.as_str(), person.unionid.as_deref()), ("oMing", unionid), "{code}");
    }
    let flags = [
        ("good", false),
        ("snapshot-0", false),
        ("snapshot-text-0", false),
        ("snapshot-null", false),
        ("snapshot", true),
        ("snapshot-text-1", true),
        ("snapshot-true", true),
    ];
    for (code, is_snapshotuser) in flags {
        let person = wechat.exchange_code("wx1", "s3cret", code).await.unwrap();
        assert_eq!(person.is_snapshotuser, is_snapshotuser, "{code}");
    }
    for code in ["errcode-0", "errcode-text-0"] {
        assert_eq!(wechat.exchange_code("wx1", "s3cret", code).await.unwrap().openid, "oMing", "{code}");
    }
    for (code, kind) in [("used-text", Kind::CodeUsed), ("busy-text", Kind::Busy), ("errcode-word", Kind::Unreadable)] {
        assert_eq!(wechat.exchange_code("wx1", "s3cret", code).await.unwrap_err().kind(), kind, "{code}");
    }
}

#[tokio::test]
async fn every_failure_has_its_kind_and_tells_no_secret() {
    let wechat = wechat().await;
    let expected = [
        ("used", Kind::CodeUsed),
        ("bad", Kind::CodeInvalid),
        ("secret", Kind::SecretWrong),
        ("busy", Kind::Busy),
        ("html", Kind::Unreadable),
        ("moved", Kind::Unreadable),
        ("nobody", Kind::Unreadable),
        ("gateway", Kind::Unreachable),
    ];
    for (code, kind) in expected {
        let error = wechat.exchange_code("wx1", "s3cret", code).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("s3cret") && !told.contains("appid="), "{told}");
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let wechat = client(&url::Url::parse(&base).unwrap());
    let error = wechat.exchange_code("wx1", "s3cret", "x").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let router = Router::new().route("/sns/userinfo", get(|| async { "x".repeat(2 << 20) }));
    let wechat = client(&serve(router).await);
    let error = wechat.userinfo("A", "o").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreadable);
}
