//! Lists the files of the phones' page, so that they are embedded whatever they are called.
//! It refuses to read them: the compiler does that through `include_bytes!`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/phone_ui");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("src/phone_ui"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    let mut list = String::from(
        "/// Every file of the phones' page: its name and its bytes.\nconst FILES: &[(&str, &[u8])] = &[\n",
    );
    for name in names {
        list.push_str(&format!(
            "    ({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/phone_ui/{name}\"))),\n"
        ));
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("phone_files.rs"), list)?;
    Ok(())
}
