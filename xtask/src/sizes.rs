//! `xtask sizes`: what a browser downloads before the dashboard's first page is alive, against its budget.
//! Refuses to pass a page that grew over it.

use crate::{Done, pack};
use std::fs;
use std::path::Path;

/// The budget of the first page, brotli.
const BUDGET: u64 = 250 * 1024;

fn size(file: &Path) -> Done<u64> {
    fs::metadata(file).map(|found| found.len()).map_err(|why| format!("cannot read {}: {why}", file.display()))
}

/// Prints the first page's weight and fails over the budget.
pub fn check(root: &Path) -> Done<()> {
    let packages = root.join("public/pkg");
    let current =
        fs::read_to_string(packages.join("current")).map_err(|_| "no site yet: run `xtask site`".to_owned())?;
    let folder = packages.join(current.trim());
    // The first page is not lazy: every chunk belongs to another page.
    let first = |name: &str| name.ends_with(".js") || matches!(name, "lingbao_bg.wasm" | "lingbao.css");
    let (mut raw, mut gzip, mut brotli) = (0, 0, 0);
    println!("{:>9} {:>9} {:>9}  the dashboard's first page", "raw", "gzip", "brotli");
    for file in pack::files(&folder)? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !first(&name) {
            continue;
        }
        let sizes = (size(&file)?, size(&pack::beside(&file, "gz"))?, size(&pack::beside(&file, "br"))?);
        println!("{:>9} {:>9} {:>9}  {name}", sizes.0, sizes.1, sizes.2);
        raw += sizes.0;
        gzip += sizes.1;
        brotli += sizes.2;
    }
    println!("{raw:>9} {gzip:>9} {brotli:>9}  in all, budget {BUDGET} brotli");
    if brotli > BUDGET {
        return Err(format!("the dashboard's first page weighs {brotli} bytes brotli, its budget is {BUDGET}"));
    }
    Ok(())
}
