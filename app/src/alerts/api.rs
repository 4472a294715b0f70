//! What the alerts page reads, and the chat robots that tell alerts.
//! Refuses to send a robot's address back; who has it can write into the chat.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::alert::{Alert, RobotKind};
use rules::operator::Role;
use serde::{Deserialize, Serialize};

/// A chat robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robot {
    /// Our row.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub kind: RobotKind,
}

/// Alerts and robots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// What the reader may do.
    pub role: Role,
    /// The latest alerts.
    pub alerts: Vec<Alert>,
    /// The robots.
    pub robots: Vec<Robot>,
}

#[cfg(feature = "ssr")]
async fn all() -> Result<Told<Alerts>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let robots = engine.robots().await?.into_iter().map(|robot| {
        let engine::alerts::Robot { id, name, kind } = robot;
        Robot { id, name, kind }
    });
    Told::of(&Alerts { role, alerts: engine.alerts().await?, robots: robots.collect() })
}

/// The latest alerts, and the robots.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "alerts", input = GetUrl)]
pub async fn read_alerts() -> Result<Told<Alerts>, AppError> {
    all().await
}

/// Adds a robot.
///
/// # Errors
/// [`AppError::Invalid`] when the address is not one of WeCom, DingTalk or Feishu; else as the engine says.
#[server(prefix = "/api/administrator", endpoint = "add_robot", input = Json)]
pub async fn add_robot(name: String, url: String) -> Result<Told<Alerts>, AppError> {
    let (operator, lang) = (crate::context::operator()?, crate::context::lang());
    crate::context::engine()?.add_robot(&operator, &name, &url, lang).await?;
    all().await
}

/// Takes a robot away.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/administrator", endpoint = "remove_robot", input = Json)]
pub async fn remove_robot(id: i64) -> Result<Told<Alerts>, AppError> {
    crate::context::engine()?.remove_robot(&crate::context::operator()?, id).await?;
    all().await
}

/// Lets a robot say a test sentence.
///
/// # Errors
/// [`AppError::Conflict`] with what the robot answered; else as the engine says.
#[server(prefix = "/api/administrator", endpoint = "test_robot", input = Json)]
pub async fn test_robot(id: i64) -> Result<Told<Alerts>, AppError> {
    let (operator, lang) = (crate::context::operator()?, crate::context::lang());
    crate::context::engine()?.test_robot(&operator, id, lang).await?;
    all().await
}
