//! Accounts as staff enter them, and what of them a push needs.
//! Refuses an account whose pushes nobody could open.

use crate::world::World;
use engine::operators::console;
use engine::{Error, Said};
use rules::account::AccountForm;
use rules::ids::AccountId;
use rules::say::Lang;

/// A plain account with a token and no AES key.
fn plain() -> AccountForm {
    AccountForm {
        name: "灯塔书店".to_owned(),
        appid: "wxabcdef0123456789".to_owned(),
        original_id: "gh_dengta".to_owned(),
        kind: "subscription".to_owned(),
        mode: "developer".to_owned(),
        message_mode: "plain".to_owned(),
        token: "dengtatoken2026".to_owned(),
        ..AccountForm::default()
    }
}

async fn changes(world: &World, id: AccountId, form: AccountForm) -> Result<(), Error> {
    let checked = form.check(Lang::En).unwrap();
    world.engine().edit_account(&console(), id, checked, Lang::En).await
}

fn wrong_field(error: &Error) -> Option<&str> {
    match error.said() {
        Said::Invalid(fields) => fields.first().map(|field| field.field.as_str()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_begins_to_encrypt_needs_its_aes_key_and_not_only_its_token() {
    let world = World::new().await;
    let checked = plain().check(Lang::En).unwrap();
    let id = world.engine().add_account(&console(), checked, Lang::En).await.unwrap();
    for mode in ["safe", "compatible"] {
        let form = AccountForm { message_mode: mode.to_owned(), token: String::new(), ..plain() };
        let refused = changes(&world, id, form).await.expect_err("nothing could open its pushes");
        assert_eq!(wrong_field(&refused), Some("encoding_aes_key"), "{mode}");
    }
    let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".to_owned();
    let safe = AccountForm { message_mode: "safe".to_owned(), encoding_aes_key: key, ..plain() };
    changes(&world, id, safe).await.unwrap();
    let stored = AccountForm { message_mode: "safe".to_owned(), token: String::new(), ..plain() };
    changes(&world, id, stored).await.expect("what is stored stays");
}
