//! Asks the linker to keep the relocations by which `xtask site` splits the module into lazy routes.
//! Refuses to do more.

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
    println!("cargo::rerun-if-changed=build.rs");
}
