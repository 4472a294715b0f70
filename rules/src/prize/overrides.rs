//! The prize rules of one campaign: its own, and those of single accounts and grades of evidence.
//! Refuses to mix them: one claim falls under one rule, the most specific one.

use super::{Limits, PrizeRule};
use crate::follow::Grade;
use crate::ids::{AccountId, NotAName};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Whose claims a rule beside the campaign's own is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Those of one account's followers.
    Account(AccountId),
    /// Those of one grade of evidence.
    Grade(Grade),
}

impl fmt::Display for Whose {
    /// The value in a form: `account-7`, `grade-asserted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "account-{account}"),
            Self::Grade(grade) => write!(f, "grade-{}", grade.name()),
        }
    }
}

impl FromStr for Whose {
    type Err = NotAName;
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let unknown = NotAName { what: "claims with a rule of their own" };
        match text.split_once('-') {
            Some(("account", id)) => id.parse().map(Self::Account).map_err(|_| unknown),
            Some(("grade", name)) => name.parse().map(Self::Grade).map_err(|_| unknown),
            Some(_) | None => Err(unknown),
        }
    }
}

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

    /// The rules beside the campaign's own, the accounts' first, each group in an order of its own.
    pub fn apart(&self) -> Vec<(Whose, PrizeRule)> {
        let mut accounts: Vec<_> = self.accounts.iter().collect();
        accounts.sort_by_key(|(account, _)| account.0);
        let accounts = accounts.into_iter().map(|(account, rule)| (Whose::Account(*account), rule.clone()));
        let of_grade = |grade: &Grade| self.grades.get(grade).map(|rule| (Whose::Grade(*grade), rule.clone()));
        accounts.chain(Grade::ALL.iter().filter_map(of_grade)).collect()
    }

    /// True when each rule beside the campaign's own draws only what these limits let through.
    pub fn overrides_fit(&self, limits: Limits) -> bool {
        self.accounts.values().chain(self.grades.values()).all(|rule| rule.check(limits).is_ok())
    }

    /// The least that any of the rules can draw.
    pub fn min(&self) -> crate::Fen {
        let overrides = self.accounts.values().chain(self.grades.values()).map(PrizeRule::min);
        overrides.fold(self.default.min(), Ord::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prize::tests::fen;

    #[test]
    fn whose_claims_are_meant_is_read_back_from_a_form() {
        let mut all = vec![Whose::Account(AccountId(7)), Whose::Account(AccountId(i64::MAX))];
        all.extend(Grade::ALL.iter().copied().map(Whose::Grade));
        for whose in all {
            assert_eq!(whose.to_string().parse(), Ok(whose));
        }
        for nonsense in ["", "account", "account-", "account-x", "grade-sure", "link-7"] {
            assert!(nonsense.parse::<Whose>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn one_rule_that_does_not_fit_is_enough() {
        let mut prizes = Prizes::from(PrizeRule::Fixed(fen(1)));
        assert!(prizes.overrides_fit(Limits::RED_PACKET), "the campaign's own is checked with its form");
        prizes.grades.insert(Grade::Asserted, PrizeRule::Fixed(fen(100)));
        assert!(prizes.overrides_fit(Limits::RED_PACKET));
        prizes.accounts.insert(AccountId(7), PrizeRule::Fixed(fen(50)));
        assert!(!prizes.overrides_fit(Limits::RED_PACKET));
    }
}
