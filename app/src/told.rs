//! A page's shape on its way to the browser: one text, read where it is shown.
//! Refuses to make the router and the resources know every shape; they carry a text, and stay small for it.

use crate::error::AppError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// A `T` as JSON.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Told<T> {
    json: String,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

/// A shape whose reader knows what it is.
pub type Anything = Told<()>;

/// What a page waits for: a shape, or why there is none.
pub type Answer = Result<Anything, AppError>;

/// A call of a server function, boxed, so that all calls are one type.
pub type Call = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl<T> Clone for Told<T> {
    fn clone(&self) -> Self {
        Self { json: self.json.clone(), of: PhantomData }
    }
}

impl<T> std::fmt::Debug for Told<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.json)
    }
}

impl<T: Serialize> Told<T> {
    /// Writes a shape.
    ///
    /// # Errors
    /// [`AppError::Unreachable`] for a shape that JSON cannot hold, which no page has.
    pub fn of(shape: &T) -> Result<Self, AppError> {
        let json = serde_json::to_string(shape).map_err(|_| AppError::Unreachable)?;
        Ok(Self { json, of: PhantomData })
    }
}

impl<T: DeserializeOwned> Told<T> {
    /// Reads the shape.
    ///
    /// # Errors
    /// [`AppError::Unreachable`] when page and server are of different versions.
    pub fn read(&self) -> Result<T, AppError> {
        serde_json::from_str(&self.json).map_err(|_| AppError::Unreachable)
    }
}

impl<T> Told<T> {
    /// Forgets which shape it is.
    pub fn any(self) -> Anything {
        Told { json: self.json, of: PhantomData }
    }
}

impl Anything {
    /// Remembers which shape it is; reading a wrong one is an error, not a panic.
    pub fn such<T>(self) -> Told<T> {
        Told { json: self.json, of: PhantomData }
    }
}

/// A call whose shape is forgotten until it is shown.
pub fn call<T: 'static>(call: impl Future<Output = Result<Told<T>, AppError>> + Send + 'static) -> Call {
    Box::pin(async move { call.await.map(Told::any) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_comes_back_as_it_was_and_a_wrong_one_is_refused() {
        let told = Told::of(&vec![1_i64, i64::MAX]).expect("numbers are JSON");
        assert_eq!(told.clone().any().such::<Vec<i64>>().read(), Ok(vec![1, i64::MAX]));
        assert_eq!(told.any().such::<String>().read(), Err(AppError::Unreachable));
    }
}
