use leptos::html::Canvas;
use leptos::prelude::*;

use super::Picture;

/// A picture that follows its signals, drawn with hard pixel edges at a whole multiple that fits into `fit` pixels.
#[component]
pub fn Pixels(
    /// What to draw; `None` leaves the last picture.
    picture: impl Fn() -> Option<Picture> + 'static,
    /// The largest width and height on screen, in pixels.
    fit: usize,
    /// What the picture shows, in words.
    #[prop(into)]
    label: Signal<String>,
    /// Hidden from screen readers where the words beside it say the same.
    #[prop(optional)]
    decorative: bool,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        if let (Some(canvas), Some(picture)) = (canvas.get(), picture()) {
            picture.put(&canvas, fit);
        }
    });
    view! {
        <canvas
            node_ref=canvas
            class="pixels"
            width="1"
            height="1"
            role="img"
            aria-hidden=decorative.then_some("true")
            aria-label=move || label.get()
        ></canvas>
    }
}
