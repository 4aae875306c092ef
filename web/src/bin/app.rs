//! The page.

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(web::shell::App);
    // The words that stood in for the page until now.
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
}
