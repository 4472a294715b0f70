//! Members of staff: passwords with argon2, sessions as rows, a new one at each sign-in.
//! Refuses to tell whether a login exists: a wrong name costs the same time as a wrong password.

use crate::store::operators as store;
use crate::{Engine, Error, vault};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use rules::ids::OperatorId;
use rules::operator::{Operator, Role};
use rules::time::hours;

/// A session ends this long after its sign-in.
pub const SESSION_MS: i64 = hours(12);
/// The shortest password.
pub const PASSWORD_MIN: usize = 10;

/// Who acts when no member of staff does: the command line and imports.
pub fn console() -> Operator {
    Operator { id: OperatorId(0), login: "console".to_owned(), role: Role::Administrator }
}

impl Engine {
    /// All members of staff.
    pub async fn operators(&self) -> Result<Vec<Operator>, Error> {
        store::all(self.db().read()).await
    }

    /// Adds a member of staff. Errors: login taken or malformed; password too short.
    pub async fn add_operator(&self, login: &str, password: &str, role: Role) -> Result<OperatorId, Error> {
        if login.is_empty() || login.len() > 64 || login.chars().any(char::is_whitespace) {
            return Err(Error::field("login", "a login has 1 to 64 characters without blanks"));
        }
        let hash = self.hash_password(password).await?;
        let now = self.clock().now();
        self.retried(|| async {
            let id = OperatorId(self.draw().id(now));
            let mut tx = self.db().begin().await?;
            if !store::insert(&mut tx, id, login, &hash, role, now).await? {
                return Err(Error::field("login", "this login is taken"));
            }
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    /// Gives a member of staff a new password and ends all their sessions. Errors: not found; too short.
    pub async fn reset_password(&self, login: &str, password: &str) -> Result<(), Error> {
        let hash = self.hash_password(password).await?;
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let (operator, _) = store::by_login(tx.conn(), login).await?.ok_or_else(Error::not_found)?;
            store::set_password(&mut tx, operator.id, &hash).await?;
            tx.commit().await
        })
        .await
    }

    /// Signs in: the token of a new session, or `None` when login or password are wrong.
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<Option<String>, Error> {
        let found = store::by_login(self.db().read(), login).await?;
        // Without an operator the same work is done against a hash that no password has.
        const NOBODY: &str =
            "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$0000000000000000000000000000000000000000000";
        let hash = found.as_ref().map_or(NOBODY, |(_, hash)| hash).to_owned();
        let password = password.to_owned();
        let matches = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        let (true, Some((operator, _))) = (matches.await.map_err(Error::broken)?, found) else { return Ok(None) };
        self.retried(|| async {
            let token = self.draw().code();
            let now = self.clock().now();
            let mut tx = self.db().begin().await?;
            store::forget_sessions(&mut tx, now).await?;
            store::begin_session(&mut tx, &vault::hash(&token), operator.id, now.plus(SESSION_MS)).await?;
            crate::audit::note(self, &mut tx, &operator, "operator.sign_in", operator.id.0).await?;
            tx.commit().await?;
            Ok(Some(token))
        })
        .await
    }

    /// The member of staff behind a session's token, while it lasts.
    pub async fn operator_of(&self, token: &str) -> Result<Option<Operator>, Error> {
        store::of_session(self.db().read(), &vault::hash(token), self.clock().now()).await
    }

    /// Ends a session.
    pub async fn sign_out(&self, token: &str) -> Result<(), Error> {
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            store::end_session(&mut tx, &vault::hash(token)).await?;
            tx.commit().await
        })
        .await
    }

    async fn hash_password(&self, password: &str) -> Result<String, Error> {
        if password.chars().count() < PASSWORD_MIN {
            return Err(Error::field("password", format!("a password has at least {PASSWORD_MIN} characters")));
        }
        let salt = SaltString::encode_b64(&self.draw().bytes::<16>()).map_err(Error::broken)?;
        let password = password.to_owned();
        let hash = tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
        });
        hash.await.map_err(Error::broken)?.map_err(Error::broken)
    }
}
