//! The payment side as clients meet it: signatures, certificates, and what the books say afterwards.
//! It refuses to look at answers alone; what counts stands in the books.

use serde_json::Value;

use crate::{packet, tag, world};

#[tokio::test]
async fn a_space_that_was_signed_is_part_of_the_value() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let mut fields = packet("S1", &world.openid(&ming).await, "100");
    fields.insert("wishing".into(), " 祝你开心 ".into());
    let answer = world.pay("sendredpack", fields).await.unwrap();
    assert_eq!(tag(&answer, "result_code"), Some("SUCCESS"), "{answer}");
    assert_eq!(world.look(&ming).await["wallet"][0]["wishing"], " 祝你开心 ");
}

#[tokio::test]
async fn an_unknown_payment_path_answers_in_the_words_of_its_version() {
    let world = world().await;
    let client = world.merchant_client();
    for path in ["/pay/unifiedorder/nonsense", "/nonsense"] {
        let response = client.post(format!("{}{path}", world.running.pay_url)).body("<xml/>").send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let text = response.text().await.unwrap();
        assert_eq!((tag(&text, "return_code"), tag(&text, "result_code")), (Some("FAIL"), Some("FAIL")), "{text}");
    }
    let response = client.get(format!("{}/v3/nonsense", world.running.pay_url)).send().await.unwrap();
    assert_eq!(response.status(), 404);
    let said: Value = response.json().await.unwrap();
    assert!(said["code"].is_string() && said["message"].is_string(), "{said}");
    let get = client.get(format!("{}/secapi/pay/refund", world.running.pay_url)).send().await.unwrap();
    assert_eq!(tag(&get.text().await.unwrap(), "return_code"), Some("FAIL"));
}
