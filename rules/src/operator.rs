//! Members of staff and what each role may do.
//! Refuses to let a role grow by accident: every right is listed here.

use crate::account::names;
use crate::ids::OperatorId;
use serde::{Deserialize, Serialize};

/// What a member of staff may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Sets up campaigns, accounts and links.
    Marketer,
    /// And budgets.
    Finance,
    /// And staff and secrets.
    Administrator,
}
names!(Role { Viewer = "viewer", Marketer = "marketer", Finance = "finance", Administrator = "administrator" });

impl Role {
    /// True when this role includes `needed`.
    pub fn covers(self, needed: Self) -> bool {
        self >= needed
    }
}

/// The member of staff who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Our row.
    pub id: OperatorId,
    /// The name they sign in with.
    pub login: String,
    /// What they may do.
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_those_before_it_and_none_after() {
        for (i, role) in Role::ALL.iter().enumerate() {
            for (j, needed) in Role::ALL.iter().enumerate() {
                assert_eq!(role.covers(*needed), i >= j, "{role:?} {needed:?}");
            }
        }
    }
}
