//! The program `labctl`: everything is in the library.

fn main() -> std::process::ExitCode {
    labctl::main()
}
