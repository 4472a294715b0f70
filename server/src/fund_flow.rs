//! Reads a fund-flow bill as WeChat gives it: UTF-8 CSV, each value behind a backtick, sums at the end.
//! Refuses a file that is not whole, and one with a line it cannot read; half a bill proves nothing.
#![deny(clippy::float_arithmetic)]

use csv::StringRecord;
use rules::Fen;
use rules::bill::{BillRow, DayBill, Movement, PREFIX, WrongFile};
use rules::ids::{MchBillno, MchId};
use rules::payout::Rail;
use rules::time::{BeijingDay, UnixMs};
use sha2::{Digest, Sha256};

const AT: &str = "记账时间";
const KIND: &str = "业务类型";
const WAY: &str = "收支类型";
const AMOUNT: &str = "收支金额(元)";
const APPLICANT: &str = "资金变更提交申请人";
const REMARK: &str = "备注";
const NUMBER: &str = "业务凭证号";
/// What the line of the sums' names begins with.
const SUMS: &str = "资金流水总笔数";

/// Where the columns stand.
struct Columns {
    at: usize,
    kind: usize,
    way: usize,
    amount: usize,
    number: usize,
    applicant: Option<usize>,
    remark: Option<usize>,
    all: usize,
}

/// Rows and their sum.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
struct Sum {
    rows: i64,
    fen: i64,
}

impl Sum {
    fn add(&mut self, amount: Fen) {
        self.rows += 1;
        self.fen += amount.get();
    }
}

/// What was read so far.
struct Reading {
    columns: Columns,
    rows: Vec<BillRow>,
    foreign: i64,
    day: Option<BeijingDay>,
    mch_id: Option<MchId>,
    submitted_by: Option<MchId>,
    income: Sum,
    spending: Sum,
}

/// A value without its backtick.
fn bare(cell: &str) -> &str {
    cell.trim().trim_start_matches('`').trim()
}

/// Reads the whole file.
///
/// # Errors
/// [`WrongFile`]: nothing of it is to be used.
pub fn read(file: &[u8]) -> Result<DayBill, WrongFile> {
    let text = std::str::from_utf8(file).map_err(|_| WrongFile::NotUtf8)?.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    // Counted here: with lines that end in CR LF the reader's own count is one behind.
    let mut line = 0;
    let mut next = || {
        line += 1;
        records.next().transpose().map(|record| record.map(|r| (line, r))).map_err(|_| WrongFile::Line(line))
    };
    let (_, head) = next()?.ok_or(WrongFile::Empty)?;
    let mut reading = Reading::new(&head)?;
    while let Some((line, record)) = next()? {
        if bare(&record[0]) == SUMS {
            let (_, sums) = next()?.ok_or(WrongFile::NoSums)?;
            reading.compare(&sums)?;
            let hash = hex::encode(Sha256::digest(file));
            let Reading { rows, foreign, day, mch_id, submitted_by, .. } = reading;
            return Ok(DayBill { day: day.ok_or(WrongFile::Empty)?, mch_id, submitted_by, hash, rows, foreign });
        }
        reading.row(&record).map_err(|wrong| wrong.unwrap_or(WrongFile::Line(line)))?;
    }
    Err(WrongFile::NoSums)
}

impl Columns {
    fn of(head: &StringRecord) -> Result<Self, WrongFile> {
        let names: Vec<String> = head.iter().map(|name| bare(name).replace('（', "(").replace('）', ")")).collect();
        let find = |wanted: &str| names.iter().position(|name| name == wanted);
        let need = |wanted: &'static str| find(wanted).ok_or(WrongFile::NoColumn(wanted));
        Ok(Self {
            at: need(AT)?,
            kind: need(KIND)?,
            way: need(WAY)?,
            amount: need(AMOUNT)?,
            number: need(NUMBER)?,
            applicant: find(APPLICANT),
            remark: find(REMARK),
            all: names.len(),
        })
    }

    /// A value. A remark that holds commas makes the line longer; what stands behind it moves to the right.
    fn value<'r>(&self, record: &'r StringRecord, column: usize) -> Option<&'r str> {
        let longer = record.len().checked_sub(self.all)?;
        let moved = if self.remark.is_some_and(|remark| column > remark) { longer } else { 0 };
        record.get(column + moved).map(bare)
    }
}

impl Reading {
    fn new(head: &StringRecord) -> Result<Self, WrongFile> {
        let (income, spending) = (Sum::default(), Sum::default());
        let columns = Columns::of(head)?;
        Ok(Self {
            columns,
            rows: Vec::new(),
            foreign: 0,
            day: None,
            mch_id: None,
            submitted_by: None,
            income,
            spending,
        })
    }

    /// Takes in a row. An error without a word is about this line.
    fn row(&mut self, record: &StringRecord) -> Result<(), Option<WrongFile>> {
        let value = |column| self.columns.value(record, column).ok_or(None::<WrongFile>);
        let at = UnixMs::parse_beijing(value(self.columns.at)?).ok_or(None::<WrongFile>)?;
        let amount = Fen::parse_yuan(value(self.columns.amount)?).map_err(|_| None::<WrongFile>)?;
        let movement = match value(self.columns.way)? {
            "支出" => Movement::Paid,
            "收入" => Movement::Returned,
            _ => return Err(None),
        };
        let rail = if value(self.columns.kind)?.contains("红包") { Rail::Redpack } else { Rail::Transfer };
        let number = value(self.columns.number)?;
        let ours = MchBillno::try_from(number).ok().filter(|_| number.starts_with(PREFIX));
        let applicant = self.columns.applicant.and_then(|column| self.columns.value(record, column));
        let named = applicant.and_then(|who| who.strip_suffix("API")).and_then(|id| MchId::try_from(id).ok());
        let whose = if ours.is_some() { &mut self.mch_id } else { &mut self.submitted_by };
        *whose = whose.take().or(named);
        let day = *self.day.get_or_insert(at.day());
        if day != at.day() {
            return Err(Some(WrongFile::TwoDays(day.min(at.day()), day.max(at.day()))));
        }
        match movement {
            Movement::Paid => self.spending.add(amount),
            Movement::Returned => self.income.add(amount),
        }
        match ours {
            Some(_) if amount.is_zero() => return Err(None),
            Some(mch_billno) => self.rows.push(BillRow { at, mch_billno, rail, movement, amount }),
            None => self.foreign += 1,
        }
        Ok(())
    }

    /// Compares the rows with the sums: rows in all, income, spending.
    fn compare(&self, sums: &StringRecord) -> Result<(), WrongFile> {
        let number = |at: usize| sums.get(at).and_then(|cell| bare(cell).parse::<i64>().ok());
        let fen = |at: usize| sums.get(at).and_then(|cell| Fen::parse_yuan(bare(cell)).ok()).map(Fen::get);
        let told = (number(0), number(1), fen(2), number(3), fen(4));
        let (Some(rows), Some(income_rows), Some(income), Some(spending_rows), Some(spending)) = told else {
            return Err(WrongFile::OtherSums);
        };
        let told = (Sum { rows: income_rows, fen: income }, Sum { rows: spending_rows, fen: spending });
        if told == (self.income, self.spending) && rows == income_rows + spending_rows {
            Ok(())
        } else {
            Err(WrongFile::OtherSums)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号";
    const PAID: &str =
        "`2026-11-21 09:30:05,`1000,`4200,`现金红包,`现金红包,`支出,`1.88,`98.12,`1230000109API,`春,节,`LB261121ABC";
    const BACK: &str =
        "`2026-11-21 10:30:05,`1000,`4201,`现金红包,`现金红包退款,`收入,`1.00,`99.12,`1230000109API,`退,`LB261121DEF";
    const SHOP: &str = "`2026-11-21 11:30:05,`1000,`4202,`交易,`交易,`收入,`12.00,`111.12,`system,`,`20261121001";
    const SUM_NAMES: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

    fn file(lines: &[&str]) -> Vec<u8> {
        lines.join("\r\n").into_bytes()
    }

    fn whole() -> Vec<&'static str> {
        vec![HEAD, PAID, BACK, SHOP, SUM_NAMES, "`3,`2,`13.00,`1,`1.88", ""]
    }

    #[test]
    fn a_bill_is_read_with_and_without_its_mark_and_in_both_kinds_of_brackets() {
        let plain = String::from_utf8(file(&whole())).unwrap();
        let marked = format!("\u{feff}{plain}");
        let ascii = plain.replace('（', "(").replace('）', ")");
        let unix = plain.replace("\r\n", "\n");
        for text in [&plain, &marked, &ascii, &unix] {
            let bill = read(text.as_bytes()).unwrap();
            assert_eq!((bill.day.to_string().as_str(), bill.foreign), ("2026-11-21", 1));
            assert_eq!(bill.mch_id, Some(MchId::try_from("1230000109").unwrap()));
            let rows: Vec<_> =
                bill.rows.iter().map(|row| (row.mch_billno.as_str(), row.movement, row.amount.get())).collect();
            assert_eq!(rows, [("LB261121ABC", Movement::Paid, 188), ("LB261121DEF", Movement::Returned, 100)]);
            assert!(bill.rows.iter().all(|row| row.rail == Rail::Redpack));
        }
    }

    #[test]
    fn our_rows_tell_whose_bill_it_is_whoever_else_submitted_others() {
        let mut lines = whole();
        let provider = SHOP.replace("system", "1999999999API");
        lines.remove(3);
        lines.insert(1, &provider);
        let named = |number: &str| Some(MchId::try_from(number).unwrap());
        let bill = read(&file(&lines)).unwrap();
        assert_eq!((bill.mch_id, bill.submitted_by), (named("1230000109"), named("1999999999")));
        let foreign = [HEAD, &provider, SUM_NAMES, "`1,`1,`12.00,`0,`0.00", ""];
        let bill = read(&file(&foreign)).unwrap();
        assert_eq!((bill.mch_id, bill.submitted_by), (None, named("1999999999")));
    }

    #[test]
    fn a_file_that_proves_nothing_is_refused() {
        let without = |line: usize| {
            let mut lines = whole();
            lines.remove(line);
            read(&file(&lines))
        };
        let with = |line: usize, text: &str| {
            let mut lines: Vec<&str> = whole();
            lines[line] = text;
            read(&file(&lines))
        };
        assert_eq!(without(0).err(), Some(WrongFile::NoColumn(AT)));
        assert_eq!(without(2).err(), Some(WrongFile::OtherSums));
        assert_eq!(read(&file(&whole()[..4])).err(), Some(WrongFile::NoSums));
        assert_eq!(read(&file(&whole()[..5])).err(), Some(WrongFile::NoSums));
        assert_eq!(read(b"").err(), Some(WrongFile::Empty));
        assert_eq!(read(&[0xd5, 0xcb]).err(), Some(WrongFile::NotUtf8));
        assert_eq!(with(1, &PAID.replace("1.88", "1.888")).err(), Some(WrongFile::Line(2)));
        assert_eq!(with(1, &PAID.replace("支出", "其他")).err(), Some(WrongFile::Line(2)));
        assert_eq!(with(1, "`2026-11-21 09:30:05,`1000").err(), Some(WrongFile::Line(2)));
        let other = BeijingDay::parse("2026-11-21").unwrap();
        let tomorrow = with(3, &SHOP.replace("11-21 ", "11-22 "));
        assert_eq!(tomorrow.err(), Some(WrongFile::TwoDays(other, other.next())));
    }
}
