//! What WeChat sends in one packet, rail by rail.
//! Refuses nothing itself; a rule is checked against these when it is saved.

use crate::Fen;
use crate::account::names;
use crate::payout::Rail;
use serde::{Deserialize, Serialize};

/// The scene of a red packet of less than 1 or more than 200 yuan; it must be opened in the merchant's console.
/// <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SceneId {
    /// 商品促销.
    #[serde(rename = "PRODUCT_1")]
    Promotion,
    /// 抽奖.
    #[serde(rename = "PRODUCT_2")]
    Lottery,
    /// 虚拟物品兑奖.
    #[serde(rename = "PRODUCT_3")]
    VirtualGoods,
    /// 企业内部福利.
    #[serde(rename = "PRODUCT_4")]
    Welfare,
    /// 渠道分润.
    #[serde(rename = "PRODUCT_5")]
    Commission,
    /// 保险回馈.
    #[serde(rename = "PRODUCT_6")]
    Insurance,
    /// 彩票派奖.
    #[serde(rename = "PRODUCT_7")]
    LotteryPrize,
    /// 税务刮奖.
    #[serde(rename = "PRODUCT_8")]
    TaxLottery,
}
names!(SceneId {
    Promotion = "PRODUCT_1",
    Lottery = "PRODUCT_2",
    VirtualGoods = "PRODUCT_3",
    Welfare = "PRODUCT_4",
    Commission = "PRODUCT_5",
    Insurance = "PRODUCT_6",
    LotteryPrize = "PRODUCT_7",
    TaxLottery = "PRODUCT_8",
});

/// The least and the most that one packet may hold, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In fen.
    pub min: i64,
    /// In fen.
    pub max: i64,
}

impl Limits {
    /// A red packet without a scene id: 1 to 200 yuan. <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>
    pub const RED_PACKET: Self = Self { min: 100, max: 20_000 };
    /// A red packet with a scene id: 0.3 to 499 yuan.
    pub const RED_PACKET_WITH_SCENE: Self = Self { min: 30, max: 49_900 };
    /// A merchant transfer: from 0.1 yuan; from 2,000 yuan on WeChat asks for the payee's real name, which we never know.
    /// <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>
    pub const TRANSFER: Self = Self { min: 10, max: 199_999 };

    /// What `rail` sends.
    pub const fn of(rail: Rail, scene: Option<SceneId>) -> Self {
        match (rail, scene) {
            (Rail::Redpack, None) => Self::RED_PACKET,
            (Rail::Redpack, Some(_)) => Self::RED_PACKET_WITH_SCENE,
            (Rail::Transfer, _) => Self::TRANSFER,
        }
    }

    /// True for an amount that WeChat sends.
    pub const fn hold(self, amount: Fen) -> bool {
        self.min <= amount.get() && amount.get() <= self.max
    }
}
