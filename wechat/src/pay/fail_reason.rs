//! Why a merchant transfer ended without the money: WeChat's `fail_reason`, sorted by who can do something about it.
//! It refuses to sort what it does not know: an unknown reason is nobody's fault and says nothing to the follower.
//!
//! Page: <https://pay.weixin.qq.com/doc/v3/merchant/4012712115>

use std::str::FromStr;

/// Who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The follower did not confirm within 24 hours.
    Expired,
    /// We cancelled it.
    Cancelled,
    /// The person's own account: real name, risk, a frozen account. They can mend it.
    Person,
    /// The person has received as much as they may for a while: tomorrow, or next month.
    PersonLimit,
    /// The merchant's account, permission, balance or allowance: staff have to look.
    Merchant,
    /// WeChat does not say.
    Unsaid,
}

macro_rules! fail_reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal => $fault:ident;)*) => {
        /// A known reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant is WeChat's own word")]
        pub enum FailReason {
            $($(#[$doc])* $variant,)*
        }

        impl FailReason {
            /// Every reason of the table.
            pub const ALL: &[FailReason] = &[$(FailReason::$variant,)*];

            /// As WeChat spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(FailReason::$variant => $text,)* }
            }

            /// Who can do something about it.
            pub fn fault(self) -> Fault {
                match self { $(FailReason::$variant => Fault::$fault,)* }
            }
        }
    };
}

fail_reasons! {
    AccountFrozen = "ACCOUNT_FROZEN" => Person;
    AccountNotExist = "ACCOUNT_NOT_EXIST" => Person;
    BlockUserLimitAmountRuleMonth = "BLOCK_B2C_USERLIMITAMOUNT_BSRULE_MONTH" => PersonLimit;
    BlockUserLimitAmountMonth = "BLOCK_B2C_USERLIMITAMOUNT_MONTH" => PersonLimit;
    BudgetNotEnough = "BUDGET_NOT_ENOUGH" => Merchant;
    DayReceivedCountExceed = "DAY_RECEIVED_COUNT_EXCEED" => PersonLimit;
    DayReceivedQuotaExceed = "DAY_RECEIVED_QUOTA_EXCEED" => PersonLimit;
    ExceededEstimatedAmount = "EXCEEDED_ESTIMATED_AMOUNT" => Merchant;
    IdCardNotCorrect = "ID_CARD_NOT_CORRECT" => Person;
    MchCancel = "MCH_CANCEL" => Cancelled;
    MerchantReject = "MERCHANT_REJECT" => Merchant;
    MerchantNotConfirm = "MERCHANT_NOT_CONFIRM" => Merchant;
    NameNotCorrect = "NAME_NOT_CORRECT" => Person;
    OpenidInvalid = "OPENID_INVALID" => Merchant;
    OtherFailReasonType = "OTHER_FAIL_REASON_TYPE" => Unsaid;
    OverdueClose = "OVERDUE_CLOSE" => Expired;
    PayeeAccountAbnormal = "PAYEE_ACCOUNT_ABNORMAL" => Person;
    PayerAccountAbnormal = "PAYER_ACCOUNT_ABNORMAL" => Merchant;
    ProductAuthCheckFail = "PRODUCT_AUTH_CHECK_FAIL" => Merchant;
    RealnameAccountReceivedQuotaExceed = "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED" => PersonLimit;
    RealNameCheckFail = "REAL_NAME_CHECK_FAIL" => Person;
    ReceiveAccountNotConfigure = "RECEIVE_ACCOUNT_NOT_CONFIGURE" => Person;
    RelatedOrderTransferAmountExceed = "RELATED_ORDER_TRANSFER_AMOUNT_EXCEED" => Merchant;
    RelatedOrderTransferCountExceed = "RELATED_ORDER_TRANSFER_COUNT_EXCEED" => Merchant;
    TransferQuotaExceed = "TRANSFER_QUOTA_EXCEED" => Merchant;
    TransferRemarkSetFail = "TRANSFER_REMARK_SET_FAIL" => Merchant;
    TransferRisk = "TRANSFER_RISK" => Person;
    TransferSceneInvalid = "TRANSFER_SCENE_INVALID" => Merchant;
    TransferSceneUnavailable = "TRANSFER_SCENE_UNAVAILABLE" => Merchant;
}

impl FailReason {
    /// Who can do something about a reason as it came, also one of the families that WeChat extends.
    pub fn fault_of(text: &str) -> Fault {
        match text.parse::<FailReason>() {
            Ok(reason) => reason.fault(),
            Err(UnknownFailReason) if text.starts_with("BANK_CARD_") => Fault::Person,
            Err(UnknownFailReason) if text.starts_with("RESERVATION_") => Fault::Merchant,
            Err(UnknownFailReason) => Fault::Unsaid,
        }
    }
}

impl FromStr for FailReason {
    type Err = UnknownFailReason;

    fn from_str(text: &str) -> Result<FailReason, UnknownFailReason> {
        FailReason::ALL.iter().find(|reason| reason.as_str() == text).copied().ok_or(UnknownFailReason)
    }
}

/// A reason that is not in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fail_reason that is not in the table")]
pub struct UnknownFailReason;
