//! A button that opens a menu beside it: the browser's own popover, put in place.

use leptos::html::{Button, Div};
use leptos::prelude::*;

/// A button and the popover that it opens. Buttons inside that carry `popovertarget=id` and
/// `popovertargetaction="hide"` close it.
#[component]
pub fn Menu(
    /// The popover's id, unique on the page.
    #[prop(into)]
    id: String,
    /// The button's accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// The button's class.
    #[prop(default = "button")]
    class: &'static str,
    /// The button's test id.
    #[prop(into)]
    testid: String,
    /// What the button shows.
    face: AnyView,
    /// What the popover holds, once it has been opened: half of the page's elements are in menus.
    children: Children,
) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    let popover = NodeRef::<Div>::new();
    let place = move |_| {
        let (Some(button), Some(popover)) = (button.get_untracked(), popover.get_untracked()) else { return };
        let (anchor, own) = (button.get_bounding_client_rect(), popover.get_bounding_client_rect());
        let size =
            |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|v| v.as_f64()).unwrap_or(0.0);
        let (width, height) = (size(window().inner_width()), size(window().inner_height()));
        let left = anchor.left().min(width - own.width() - 8.0).max(8.0);
        let below = anchor.bottom() + 4.0;
        let fits = below + own.height() < height - 8.0;
        let top = if fits { below } else { (anchor.top() - own.height() - 4.0).max(8.0) };
        let style = web_sys::HtmlElement::style(&popover);
        style.set_property("left", &format!("{left}px")).unwrap_or_default();
        style.set_property("top", &format!("{top}px")).unwrap_or_default();
    };
    let content = StoredValue::new_local(Some(children));
    let filled = RwSignal::new(false);
    let fill = move |_: web_sys::Event| {
        if !filled.get_untracked() {
            filled.set(true);
        }
    };
    let filling = move || {
        let content = filled.get().then(|| content.try_update_value(Option::take)).flatten().flatten();
        content.map(untrack)
    };
    view! {
        <button
            node_ref=button
            type="button"
            class=class
            aria-label=move || label.get()
            title=move || label.get()
            data-testid=testid
            popovertarget=id.clone()
        >
            {face}
        </button>
        <div node_ref=popover id=id popover="auto" class="menu" on:beforetoggle=fill on:toggle=place>
            {filling}
        </div>
    }
}
