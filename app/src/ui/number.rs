//! Numbers as people read them: digits in groups of three, money with two decimals.
//! Refuses floating point, which would round somebody's money.

/// Digits in groups of three.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if number < 0 { format!("-{grouped}") } else { grouped }
}

/// Yuan with two decimals, their whole part in groups of three.
pub fn yuan(amount: rules::Fen) -> String {
    format!("{}.{:02}", grouped(amount.get() / 100), amount.get() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(rules::Fen::new(123_456_705).map(yuan).as_deref(), Ok("1,234,567.05"));
    }
}
