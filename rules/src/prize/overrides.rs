//! The prize rules of one campaign: its own, and those of single accounts and grades of evidence.
//! Refuses to mix them: one claim falls under one rule, the most specific one.

use super::PrizeRule;
use crate::follow::Grade;
use crate::ids::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// All prize rules of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prizes {
    /// The campaign's own rule.
    pub default: PrizeRule,
    /// Rules of single accounts.
    pub accounts: HashMap<AccountId, PrizeRule>,
    /// Rules of grades of evidence.
    pub grades: HashMap<Grade, PrizeRule>,
}

impl From<PrizeRule> for Prizes {
    /// One rule for everybody.
    fn from(default: PrizeRule) -> Self {
        Self { default, accounts: HashMap::new(), grades: HashMap::new() }
    }
}

impl Prizes {
    /// The rule for a claim. The most specific one wins: the account's, then the grade's, then the campaign's.
    pub fn for_(&self, account: AccountId, grade: Grade) -> &PrizeRule {
        self.accounts.get(&account).or_else(|| self.grades.get(&grade)).unwrap_or(&self.default)
    }

    /// True when the campaign's own rule is the only one.
    pub fn has_one_rule(&self) -> bool {
        self.accounts.is_empty() && self.grades.is_empty()
    }

    /// The least that any of the rules can draw.
    pub fn min(&self) -> crate::Fen {
        let overrides = self.accounts.values().chain(self.grades.values()).map(PrizeRule::min);
        overrides.fold(self.default.min(), Ord::min)
    }
}
