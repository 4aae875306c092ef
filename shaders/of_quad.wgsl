// What the four invocations of a quad know of a number, in place of a shader's own `of_quad`, which is for one alone.
//
// own     the number that this invocation has
// lane    which of the quad's invocations this is: 0 to 3, two rows of two
//
// Every invocation gets all four, in the order of their lanes, bit for bit. Two exchanges between neighbours, each of two
// numbers where a mask says so, are half as many instructions as four quadBroadcasts to a GPU that is a program.

fn of_quad(own: f32, lane: u32) -> vec4<f32> {
    let x = bitcast<u32>(own);
    let y = quadSwapX(x);
    let swapped = (x ^ y) & (0u - (lane & 1u));
    let left = x ^ swapped;
    let right = y ^ swapped;
    let other_left = quadSwapY(left);
    let other_right = quadSwapY(right);
    let is_below = 0u - (lane >> 1u);
    let swapped_left = (left ^ other_left) & is_below;
    let swapped_right = (right ^ other_right) & is_below;
    let above = vec2<u32>(left ^ swapped_left, right ^ swapped_right);
    let below = vec2<u32>(other_left ^ swapped_left, other_right ^ swapped_right);
    return bitcast<vec4<f32>>(vec4<u32>(above, below));
}
