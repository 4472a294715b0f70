//! Official accounts: add, change, take out of use; and the keys that verify their pushes.
//! Refuses to delete: history and money records keep their account.

use crate::store::accounts::{self as store, Sealed};
use crate::vault::Purpose;
use crate::{Engine, Error, audit};
use rules::account::{Account, CheckedAccount, MessageMode, Mode};
use rules::ids::{AccountId, Appid};
use rules::operator::Operator;
use rules::say::{Lang, account as say};
use rules::time::hours;

/// After a switch from edit to developer mode the old links are still believed this long.
const GRACE_MS: i64 = hours(48);

/// An account with its opened secrets, for the edge that talks to WeChat.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Its AppSecret, when stored.
    pub appsecret: Option<String>,
    /// What verifies and opens its pushes, when stored.
    pub callback: Option<wechat::callback::Keys>,
}

impl Engine {
    /// All accounts, retired ones last.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        store::all(self.db().read()).await
    }

    /// One account. Errors: not found.
    pub async fn account(&self, id: AccountId) -> Result<Account, Error> {
        store::by_id(self.db().read(), id).await?.ok_or_else(Error::not_found)
    }

    /// The account of an appid with its opened secrets. Errors: not found.
    pub async fn credentials(&self, appid: &Appid) -> Result<Credentials, Error> {
        let (account, sealed) = store::by_appid(self.db().read(), appid).await?.ok_or_else(Error::not_found)?;
        let open = |text: &Option<String>| text.as_ref().map(|t| self.vault().open(Purpose::Secret, t)).transpose();
        let mut aes_keys = Vec::new();
        for key in [&sealed.encoding_aes_key, &sealed.former_aes_key] {
            if let Some(key) = open(key)? {
                aes_keys.push(wechat::crypto::EncodingAesKey::try_from(key.as_str()).map_err(Error::broken)?);
            }
        }
        let callback = open(&sealed.token)?.map(|token| wechat::callback::Keys {
            appid: appid.as_str().to_owned(),
            token,
            mode: match account.message_mode {
                MessageMode::Plain => wechat::callback::MessageMode::Plain,
                MessageMode::Compatible => wechat::callback::MessageMode::Compatible,
                MessageMode::Safe => wechat::callback::MessageMode::Safe,
            },
            aes_keys,
        });
        Ok(Credentials { appsecret: open(&sealed.appsecret)?, account, callback })
    }

    fn seal_secrets(&self, form: &CheckedAccount) -> Sealed {
        let seal = |text: &Option<String>| text.as_ref().map(|t| self.vault().seal(Purpose::Secret, t));
        Sealed {
            appsecret: seal(&form.appsecret),
            token: seal(&form.token),
            encoding_aes_key: seal(&form.encoding_aes_key),
            former_aes_key: None,
        }
    }

    /// Adds an account. Errors: its appid is taken; developer mode without its keys.
    pub async fn add_account(&self, by: &Operator, form: CheckedAccount, lang: Lang) -> Result<AccountId, Error> {
        secrets_suffice(&form, None, lang)?;
        let now = self.clock().now();
        self.retried(|| async {
            let id = AccountId(self.draw().id(now));
            let mut tx = self.db().begin().await?;
            if !store::insert(&mut tx, id, &form, &self.seal_secrets(&form), now).await? {
                return Err(Error::field("appid", say::appid_taken(lang)));
            }
            audit::note(self, &mut tx, by, "account.add", id.0).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    /// Changes an account; secrets left empty stay, appid and kind cannot change once it has a history (claim keys
    /// hold them). A switch away from edit mode gives its links 48 h of grace.
    pub async fn edit_account(
        &self,
        by: &Operator,
        id: AccountId,
        form: CheckedAccount,
        lang: Lang,
    ) -> Result<(), Error> {
        let now = self.clock().now();
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let before = store::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
            secrets_suffice(&form, Some(&before), lang)?;
            let identity_changes = before.appid != form.appid || before.kind != form.kind;
            if identity_changes && store::has_history(tx.conn(), id).await? {
                return Err(Error::field("appid", say::identity_fixed(lang)));
            }
            let grace = (before.mode == Mode::Edit && form.mode == Mode::Developer).then(|| now.plus(GRACE_MS));
            if !store::update(&mut tx, id, &form, &self.seal_secrets(&form), grace).await? {
                return Err(Error::field("appid", say::appid_taken(lang)));
            }
            audit::note(self, &mut tx, by, "account.edit", id.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes an account out of use: its pushes are still recorded, but give no more tickets.
    pub async fn retire_account(&self, by: &Operator, id: AccountId) -> Result<(), Error> {
        self.set_retired(by, id, true).await
    }

    /// Puts a retired account back into use.
    pub async fn restore_account(&self, by: &Operator, id: AccountId) -> Result<(), Error> {
        self.set_retired(by, id, false).await
    }

    async fn set_retired(&self, by: &Operator, id: AccountId, retired: bool) -> Result<(), Error> {
        let at = retired.then(|| self.clock().now());
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            if store::set_retired(&mut tx, id, at).await? == 0 {
                return Err(Error::not_found());
            }
            audit::note(self, &mut tx, by, if retired { "account.retire" } else { "account.restore" }, id.0).await?;
            tx.commit().await
        })
        .await
    }
}

/// Developer mode cannot verify a push without a token, nor open one without the AES key.
fn secrets_suffice(form: &CheckedAccount, before: Option<&Account>, lang: Lang) -> Result<(), Error> {
    if form.mode == Mode::Edit {
        return Ok(());
    }
    let stored = before.is_some_and(|b| b.has_callback_keys);
    let token = form.token.is_some() || stored;
    let aes = form.encoding_aes_key.is_some() || form.message_mode == MessageMode::Plain || stored;
    if token && aes { Ok(()) } else { Err(Error::field("token", say::secrets_missing(lang))) }
}
