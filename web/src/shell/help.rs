use leptos::html::Dialog;
use leptos::prelude::*;

/// The keys, and what they do.
const SHORTCUTS: [(&str, &str); 9] = [
    ("Space", "train, or pause"),
    (".", "one training step"),
    ("E", "train to the end of the epoch"),
    ("R", "back to the initial weights"),
    ("Ctrl+Z, Ctrl+Shift+Z", "undo, redo a change to the network"),
    ("Alt+←, Alt+→", "move the layer whose head has the focus"),
    ("Delete", "remove the layer whose head has the focus"),
    ("C", "clear the draw pad"),
    ("?", "this help"),
];

const PARTS: [(&str, &str); 5] = [
    (
        "Data",
        "the digits to learn from, split into training, validation and test, and a pad to draw your own. \
         The test set is looked at only when you ask for it.",
    ),
    (
        "Network",
        "one column per layer with its feature maps for the selected picture. Insert with +, click a head for its \
         settings, drag a head to move the layer. A network that does not fit stays on screen and says what to change.",
    ),
    (
        "Inspector",
        "the selected layer, feature map or class: settings, kernels, statistics. Point at a cell of a map to see \
         the exact part of the picture that it depends on.",
    ),
    ("Curves", "loss and accuracy of every training batch, and of the validation set."),
    (
        "Colours",
        "orange is negative, blue is positive, the surface's colour is zero. The legend above the network says \
         over which values the scale ranges.",
    ),
];

/// A button, and the dialog that explains the page.
#[component]
pub fn Help() -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.show_modal().unwrap_or_default(); // Fails only where it is open already.
        }
    };
    view! {
        <button type="button" class="button icon" id="help-button" data-testid="help" aria-label="Help" title="Help (?)" on:click=open>
            "?"
        </button>
        <dialog node_ref=dialog class="dialog" aria-labelledby="help-title" data-testid="help-dialog">
            <form method="dialog" class="dialog-head">
                <h2 id="help-title">"Build a small network, train it, look inside"</h2>
                <button class="button icon" aria-label="Close" data-testid="help-close">"×"</button>
            </form>
            <p>"Everything runs in this browser: nothing that you draw or load leaves your machine."</p>
            <h3>"The parts"</h3>
            <dl class="parts">
                {PARTS.map(|(name, about)| view! { <dt>{name}</dt><dd>{about}</dd> })}
            </dl>
            <h3>"Keys"</h3>
            <dl class="keys">
                {SHORTCUTS.map(|(keys, action)| view! { <dt><kbd>{keys}</kbd></dt><dd>{action}</dd> })}
            </dl>
            <p>
                "The same actions are open to scripts as "<code>"window.receptive"</code>
                "; its types are in "<a href="./receptive.d.ts">"receptive.d.ts"</a>"."
            </p>
        </dialog>
    }
}
