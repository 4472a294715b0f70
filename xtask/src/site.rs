//! `xtask site`: compile, split by route, bind, strip, style, compress, and name the folder by its content.
//! Refuses to leave two sites: the old folder goes once the new one is whole.

use crate::{Done, pack, sources};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

/// The name leptos asks for; it expects `lingbao.js` and `lingbao_bg.wasm`.
const NAME: &str = "lingbao";
/// The module between the main WASM and its chunks; leptos knows it by this name.
const LINK: &str = "./__wasm_split.______________________.js";

/// Builds the site unless its sources and profile are those of the last build.
pub fn build(root: &Path, profile: &str) -> Done<()> {
    let packages = root.join("public/pkg");
    let wanted = sources::hash(root, profile)?;
    let (current, made_of) = (packages.join("current"), packages.join("sources"));
    if fs::read_to_string(&made_of).is_ok_and(|made_of| made_of.trim() == wanted)
        && let Ok(folder) = fs::read_to_string(&current)
        && packages.join(folder.trim()).join("lingbao.css").is_file()
    {
        println!("site: unchanged, public/pkg/{}", folder.trim());
        return Ok(());
    }
    let compiled = compile(root, profile)?;
    let fresh = packages.join("fresh");
    empty(&fresh)?;
    split_and_bind(&compiled, &fresh)?;
    pack::strip_all(&fresh)?;
    pack::style(&root.join("style"), &fresh)?;
    let name = pack::name(&fresh)?;
    pack::compress(&fresh, profile == "dev")?;
    let folder = packages.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|why| format!("cannot remove {}: {why}", folder.display()))?;
    }
    fs::rename(&fresh, &folder).map_err(|why| format!("cannot name {}: {why}", folder.display()))?;
    write(&current, &name)?;
    write(&made_of, &wanted)?;
    remove_others(&packages, &name)?;
    println!("site: public/pkg/{name}");
    Ok(())
}

fn write(file: &Path, text: &str) -> Done<()> {
    fs::write(file, text).map_err(|why| format!("cannot write {}: {why}", file.display()))
}

fn empty(folder: &Path) -> Done<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|why| format!("cannot empty {}: {why}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|why| format!("cannot make {}: {why}", folder.display()))
}

fn remove_others(packages: &Path, name: &str) -> Done<()> {
    let entries = fs::read_dir(packages).map_err(|why| format!("cannot list {}: {why}", packages.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name().to_str() != Some(name) {
            fs::remove_dir_all(&path).map_err(|why| format!("cannot remove {}: {why}", path.display()))?;
        }
    }
    Ok(())
}

/// Compiles `frontend` to WASM with the cargo that runs this task, and returns the module's path.
fn compile(root: &Path, profile: &str) -> Done<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--package", "frontend", "--target", "wasm32-unknown-unknown", "--profile", profile])
        // With it leptos would ask for another file name than wasm-bindgen writes.
        .env_remove("LEPTOS_OUTPUT_NAME")
        .status()
        .map_err(|why| format!("cannot start cargo: {why}"))?;
    if !status.success() {
        return Err("the dashboard does not compile for wasm32-unknown-unknown; see above".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target.join("wasm32-unknown-unknown").join(folder).join("frontend.wasm"))
}

/// Splits the module at its lazy routes and writes the JavaScript around it.
fn split_and_bind(compiled: &Path, folder: &Path) -> Done<()> {
    let bytes = fs::read(compiled).map_err(|why| format!("cannot read {}: {why}", compiled.display()))?;
    let main = folder.join("main.wasm");
    let mut options = wasm_split_cli_support::Options::new(&bytes);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.main_module = "./lingbao.js";
    options.link_name = LINK;
    let split =
        wasm_split_cli_support::transform(options).map_err(|why| format!("cannot split the module: {why:#}"))?;
    let manifest = serde_json::to_string(&split.prefetch_map).map_err(|why| format!("cannot write the map: {why}"))?;
    write(&folder.join("__wasm_split_manifest.json"), &manifest)?;
    let bind = || {
        Bindgen::new()
            .input_path(&main)
            .out_name(NAME)
            .web(true)?
            .typescript(false)
            .omit_default_module_path(false)
            .keep_lld_exports(true)
            .demangle(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(folder)
    };
    bind().map_err(|why| format!("cannot bind the module: {why:#}"))?;
    fs::remove_file(&main).map_err(|why| format!("cannot remove {}: {why}", main.display()))
}
