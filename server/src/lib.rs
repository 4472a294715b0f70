//! The server: callbacks, OAuth, followers' pages, the dashboard, the worker and the command line.
//! Refuses to decide or to move money; it parses, asks one verb, and answers.

pub mod config;
pub mod data_folder;
pub mod routes;
pub mod running;
pub mod serving;
pub mod site;

pub mod bills;
pub mod callback;
pub mod claim;
pub mod entry;
pub mod extract;
pub mod fund_flow;
pub mod live;
pub mod oauth;
pub mod pay_notify;
pub mod person;
pub mod reports;
pub mod staff;
pub mod web;

pub mod cli;
pub mod doctor;
pub mod import;
pub mod telemetry;
