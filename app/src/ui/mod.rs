//! The building blocks every page is put together from.
//! Refuses to know any feature: blocks take words and values, never an engine or a campaign.

pub mod chart;
pub mod dialog;
pub mod field;
pub mod icon;
pub mod note;
pub mod number;
pub mod page;
pub mod table;
