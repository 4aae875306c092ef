//! The program that the browser runs, for the page and for its workers alike: what both need is loaded once. Which of them
//! it is depends on where it was started. It is a package of its own so that the kernels, which are optimised when all is linked,
//! can be fast where the rest is small.

fn main() {
    if web::worker::is_here() {
        web::worker::run();
    } else {
        web::shell::open();
    }
}
