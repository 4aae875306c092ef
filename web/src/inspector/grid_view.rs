use leptos::html::Canvas;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, MouseEvent};

use crate::paint::Picture;

/// A picture whose cells can be pointed at, or walked with the arrow keys.
#[component]
pub fn GridView(
    /// What to draw.
    picture: impl Fn() -> Option<Picture> + 'static,
    /// The largest side on screen, in pixels.
    fit: usize,
    /// What it shows, in words.
    #[prop(into)]
    label: Signal<String>,
    /// Its test id.
    #[prop(into)]
    testid: String,
    /// The pixel pointed at, `[row, column]`.
    at: RwSignal<Option<[usize; 2]>>,
    /// Whether the cell pointed at is outlined.
    #[prop(default = true)]
    outlined: bool,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let zoom = RwSignal::new(1_usize);
    let size = RwSignal::new([1_usize; 2]);
    Effect::new(move |_| {
        if let (Some(canvas), Some(picture)) = (canvas.get(), picture()) {
            picture.put(&canvas, fit);
            zoom.set((fit / picture.width.max(picture.height).max(1)).max(1));
            size.set([picture.height, picture.width]);
        }
    });
    let point = move |event: MouseEvent| {
        let zoom = zoom.get_untracked() as i32;
        let cell = [event.offset_y() / zoom, event.offset_x() / zoom];
        let inside =
            cell.iter().zip(size.get_untracked()).all(|(&cell, size)| cell >= 0 && (cell as usize) < size);
        let cell = inside.then(|| cell.map(|cell| cell as usize));
        if at.get_untracked() != cell {
            at.set(cell);
        }
    };
    let key = move |event: KeyboardEvent| {
        let [row, column] = at.get_untracked().unwrap_or([0, 0]);
        let [rows, columns] = size.get_untracked();
        let to = match event.key().as_str() {
            "ArrowUp" => [row.saturating_sub(1), column],
            "ArrowDown" => [(row + 1).min(rows - 1), column],
            "ArrowLeft" => [row, column.saturating_sub(1)],
            "ArrowRight" => [row, (column + 1).min(columns - 1)],
            _ => return,
        };
        event.prevent_default();
        at.set(Some(to));
    };
    let outline = move || {
        at.get().filter(|_| outlined).map(|[row, column]| {
            let zoom = zoom.get();
            let style = format!(
                "top: {}px; left: {}px; width: {zoom}px; height: {zoom}px",
                row * zoom,
                column * zoom
            );
            view! { <span class="cell-outline" style=style aria-hidden="true"></span> }
        })
    };
    view! {
        <div class="grid-view">
            <canvas
                node_ref=canvas
                class="pixels"
                width="1"
                height="1"
                tabindex="0"
                role="img"
                data-testid=testid
                aria-label=move || label.get()
                on:mousemove=point
                on:mouseleave=move |_| at.set(None)
                on:keydown=key
            ></canvas>
            {outline}
        </div>
    }
}
