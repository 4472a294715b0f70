//! The prize rule as staff type it, read into a rule and written from one.
//! Refuses to forget what a kind does not use: its fields are kept while another kind is looked at.

use super::{Limits, PrizeRule, PrizeWrong, SceneId, Split, TIERS_MAX, Tier};
use crate::Fen;
use crate::account::{FieldError, names};
use crate::payout::Rail;
use crate::say::{Lang, prize as say};
use serde::{Deserialize, Serialize};

/// The kinds of rules, as a form offers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the variants are those of PrizeRule")]
pub enum Kind {
    Fixed,
    Range,
    Tiers,
    Bounded,
    Pool,
}
names!(Kind { Fixed = "fixed", Range = "range", Tiers = "tiers", Bounded = "bounded", Pool = "pool" });

impl PrizeRule {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Fixed(_) => Kind::Fixed,
            Self::Range(..) => Kind::Range,
            Self::Tiers(_) => Kind::Tiers,
            Self::Bounded(_) => Kind::Bounded,
            Self::Pool(_) => Kind::Pool,
        }
    }
}

/// What staff type: money in yuan. Without a kind it is the range from the least to the most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are those of PrizeRule, as typed")]
pub struct PrizeForm {
    #[serde(rename = "prize_kind")]
    pub kind: String,
    #[serde(rename = "prize_amount")]
    pub amount: String,
    #[serde(rename = "prize_min")]
    pub min: String,
    #[serde(rename = "prize_max")]
    pub max: String,
    #[serde(rename = "prize_total")]
    pub total: String,
    #[serde(rename = "prize_packets")]
    pub packets: String,
    #[serde(rename = "prize_tiers")]
    pub tiers: Vec<TierForm>,
    pub scene_id: String,
}

/// One tier as typed. A row with nothing in it is no tier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are those of Tier, as typed")]
pub struct TierForm {
    pub amount: String,
    pub weight: String,
}

impl TierForm {
    fn is_empty(&self) -> bool {
        self.amount.trim().is_empty() && self.weight.trim().is_empty()
    }

    /// The name of the field with the amount of the row `at`, counted from nothing.
    pub fn amount_field(at: usize) -> String {
        format!("tier_{}_amount", at + 1)
    }

    /// The name of the field with its weight.
    pub fn weight_field(at: usize) -> String {
        format!("tier_{}_weight", at + 1)
    }
}

impl PrizeForm {
    /// A range typed as two amounts.
    pub fn between(min: &str, max: &str) -> Self {
        Self { min: min.to_owned(), max: max.to_owned(), ..Self::default() }
    }

    /// A rule as it would be typed.
    pub fn of(rule: &PrizeRule, scene: Option<SceneId>) -> Self {
        let mut form = Self {
            kind: rule.kind().name().to_owned(),
            amount: rule.expected_fen().to_string(),
            min: rule.min().to_string(),
            max: rule.max().to_string(),
            scene_id: scene.map_or("", SceneId::name).to_owned(),
            ..Self::default()
        };
        if let Some(split) = rule.split() {
            form.total = split.total.to_string();
            form.packets = split.packets.to_string();
        }
        if let PrizeRule::Tiers(tiers) = rule {
            let typed = |tier: &Tier| TierForm { amount: tier.amount.to_string(), weight: tier.weight.to_string() };
            form.tiers = tiers.iter().map(typed).collect();
        }
        form
    }

    /// The chosen kind; a range while none is chosen.
    pub fn kind(&self) -> Option<Kind> {
        if self.kind.is_empty() { Some(Kind::Range) } else { self.kind.parse().ok() }
    }

    /// Reads the rule and checks it against what `rail` sends; all that is wrong comes back at once.
    pub fn check(&self, rail: Rail, lang: Lang) -> Result<(PrizeRule, Option<SceneId>), Vec<FieldError>> {
        let scene = match self.scene_id.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| one("scene_id", say::scene_wrong(lang)))?),
        };
        let reading = Reading { form: self, limits: Limits::of(rail, scene), lang };
        let kind = self.kind().ok_or_else(|| one("prize_kind", say::kind_wrong(lang)))?;
        let rule = reading.rule(kind)?;
        let wrong = |wrong| one(kind.field_of(wrong), reading.sentence(wrong));
        rule.check(reading.limits).map_err(wrong)?;
        Ok((rule, scene))
    }
}

impl Kind {
    /// Where an error of a rule as a whole stands.
    const fn field_of(self, wrong: PrizeWrong) -> &'static str {
        match (self, wrong) {
            (Self::Fixed, _) => "prize_amount",
            (Self::Tiers, _) => "tier_1_amount",
            (Self::Range | Self::Bounded | Self::Pool, PrizeWrong::TooSmall) => "prize_min",
            (Self::Range | Self::Bounded | Self::Pool, PrizeWrong::TooLarge | PrizeWrong::Reversed) => "prize_max",
            (Self::Range | Self::Bounded | Self::Pool, PrizeWrong::PacketCount) => "prize_packets",
            (
                Self::Range | Self::Bounded | Self::Pool,
                PrizeWrong::TierCount | PrizeWrong::TierWeight | PrizeWrong::TotalTooSmall | PrizeWrong::TotalTooLarge,
            ) => "prize_total",
        }
    }
}

fn one(field: &str, why: impl Into<String>) -> Vec<FieldError> {
    vec![FieldError::new(field, why)]
}

/// A form being read.
struct Reading<'a> {
    form: &'a PrizeForm,
    limits: Limits,
    lang: Lang,
}

impl Reading<'_> {
    fn rule(&self, kind: Kind) -> Result<PrizeRule, Vec<FieldError>> {
        let mut errors = Vec::new();
        let rule = match kind {
            Kind::Fixed => self.yuan("prize_amount", &self.form.amount, &mut errors).map(PrizeRule::Fixed),
            Kind::Range => self.ends(&mut errors).map(|(min, max)| PrizeRule::between(min, max)),
            Kind::Tiers => Some(PrizeRule::Tiers(self.tiers(&mut errors))),
            Kind::Bounded => self.split(&mut errors).map(PrizeRule::Bounded),
            Kind::Pool => self.split(&mut errors).map(PrizeRule::Pool),
        };
        rule.filter(|_| errors.is_empty()).ok_or(errors)
    }

    fn yuan(&self, field: &str, text: &str, errors: &mut Vec<FieldError>) -> Option<Fen> {
        let amount = Fen::parse_yuan(text).ok();
        if amount.is_none() {
            errors.push(FieldError::new(field, crate::say::campaign::money_wrong(self.lang)));
        }
        amount
    }

    fn ends(&self, errors: &mut Vec<FieldError>) -> Option<(Fen, Fen)> {
        let min = self.yuan("prize_min", &self.form.min, errors);
        let max = self.yuan("prize_max", &self.form.max, errors);
        min.zip(max)
    }

    fn tiers(&self, errors: &mut Vec<FieldError>) -> Vec<Tier> {
        let mut tiers = Vec::new();
        for (at, row) in self.form.tiers.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
            let field = TierForm::amount_field(at);
            let amount = self.yuan(&field, &row.amount, errors);
            if let Some(wrong) = amount.and_then(|amount| self.outside(amount)) {
                errors.push(FieldError::new(&field, self.sentence(wrong)));
            }
            let weight = row.weight.trim().parse().ok().filter(|weight| (1..=super::WEIGHT_MAX).contains(weight));
            if weight.is_none() {
                errors.push(FieldError::new(&TierForm::weight_field(at), self.sentence(PrizeWrong::TierWeight)));
            }
            tiers.extend(amount.zip(weight).map(|(amount, weight)| Tier { amount, weight }));
        }
        tiers
    }

    fn outside(&self, amount: Fen) -> Option<PrizeWrong> {
        PrizeRule::Fixed(amount).check(self.limits).err()
    }

    fn split(&self, errors: &mut Vec<FieldError>) -> Option<Split> {
        let total = self.yuan("prize_total", &self.form.total, errors);
        let packets = self.form.packets.trim().parse().ok();
        if packets.is_none() {
            errors.push(FieldError::new("prize_packets", self.sentence(PrizeWrong::PacketCount)));
        }
        let (min, max) = self.ends(errors)?;
        Some(Split { total: total?, packets: packets?, min, max })
    }

    fn sentence(&self, wrong: PrizeWrong) -> String {
        let lang = self.lang;
        match wrong {
            PrizeWrong::TooSmall => say::too_small(self.limits.min, lang),
            PrizeWrong::TooLarge => say::too_large(self.limits.max, lang),
            PrizeWrong::Reversed => say::reversed(lang).to_owned(),
            PrizeWrong::TierCount => say::tier_count(TIERS_MAX, lang),
            PrizeWrong::TierWeight => say::tier_weight(lang).to_owned(),
            PrizeWrong::PacketCount => say::packet_count(super::PACKETS_MAX, lang),
            PrizeWrong::TotalTooSmall => say::total_too_small(lang).to_owned(),
            PrizeWrong::TotalTooLarge => say::total_too_large(lang).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prize::tests::fen;

    fn typed(kind: &str) -> PrizeForm {
        let row = |amount: &str, weight: &str| TierForm { amount: amount.into(), weight: weight.into() };
        PrizeForm {
            kind: kind.into(),
            amount: "1.50".into(),
            min: "1".into(),
            max: "3".into(),
            total: "20".into(),
            packets: "10".into(),
            tiers: vec![row("1", "9"), row(" ", ""), row("8.88", "1")],
            scene_id: String::new(),
        }
    }

    #[test]
    fn each_kind_reads_its_own_fields() {
        let split = Split { total: fen(2_000), packets: 10, min: fen(100), max: fen(300) };
        let tiers = vec![Tier { amount: fen(100), weight: 9 }, Tier { amount: fen(888), weight: 1 }];
        let table = [
            ("fixed", PrizeRule::Fixed(fen(150))),
            ("range", PrizeRule::Range(fen(100), fen(300))),
            ("", PrizeRule::Range(fen(100), fen(300))),
            ("tiers", PrizeRule::Tiers(tiers)),
            ("bounded", PrizeRule::Bounded(split)),
            ("pool", PrizeRule::Pool(split)),
        ];
        for (kind, rule) in table {
            assert_eq!(typed(kind).check(Rail::Redpack, Lang::Zh), Ok((rule.clone(), None)), "{kind}");
            let again = PrizeForm::of(&rule, Some(SceneId::Lottery)).check(Rail::Redpack, Lang::Zh);
            assert_eq!(again, Ok((rule, Some(SceneId::Lottery))), "{kind} as it would be typed");
        }
    }

    #[test]
    fn each_error_stands_at_its_field() {
        type Spoil = fn(&mut PrizeForm);
        let table: [(&str, Spoil, &[&str]); 16] = [
            ("lucky", |_| (), &["prize_kind"]),
            ("fixed", |form| form.scene_id = "PRODUCT_9".into(), &["scene_id"]),
            ("fixed", |form| form.amount = "0.99".into(), &["prize_amount"]),
            ("fixed", |form| form.amount = "一元".into(), &["prize_amount"]),
            ("range", |form| form.min = "0.5".into(), &["prize_min"]),
            ("range", |form| form.max = "200.01".into(), &["prize_max"]),
            ("range", |form| form.min = "4".into(), &["prize_max"]),
            ("range", |form| (form.min, form.max) = (String::new(), String::new()), &["prize_min", "prize_max"]),
            ("tiers", |form| form.tiers = Vec::new(), &["tier_1_amount"]),
            ("tiers", |form| form.tiers[2].amount = "0.5".into(), &["tier_3_amount"]),
            ("tiers", |form| form.tiers[1].amount = "2".into(), &["tier_2_weight"]),
            ("tiers", |form| form.tiers[0].weight = "0".into(), &["tier_1_weight"]),
            ("pool", |form| form.packets = "0".into(), &["prize_packets"]),
            ("pool", |form| form.packets = "ten".into(), &["prize_packets"]),
            ("pool", |form| form.total = "9.99".into(), &["prize_total"]),
            ("bounded", |form| form.total = "30.01".into(), &["prize_total"]),
        ];
        for (kind, spoil, fields) in table {
            let mut form = typed(kind);
            spoil(&mut form);
            let errors = form.check(Rail::Redpack, Lang::Zh).unwrap_err();
            assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), fields, "{kind}");
        }
    }

    #[test]
    fn a_scene_or_a_transfer_widens_the_limits() {
        let mut small = typed("fixed");
        small.amount = "0.30".into();
        assert!(small.check(Rail::Redpack, Lang::Zh).is_err());
        assert!(small.check(Rail::Transfer, Lang::Zh).is_ok());
        small.scene_id = "PRODUCT_2".into();
        assert!(small.check(Rail::Redpack, Lang::Zh).is_ok());
    }
}
