//! `lingbao`: the command line. Refuses nothing itself; see `cli`.

fn main() -> std::process::ExitCode {
    server::cli::main()
}
