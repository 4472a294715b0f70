//! The payment side as clients meet it: signatures, certificates, and what the books say afterwards.
//! It refuses to look at answers alone; what counts stands in the books.

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
