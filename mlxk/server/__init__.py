"""The Sanic server: one handler over the route table.

A request's way through here: `app` hands it to the `handler`, which asks the `guard` who it is from and
finds its route in `routes`; `dispatch` has the answer of each kind of route, `generating` the one that a
model gives, as `answer` reads it, through a `mailbox`. `exchange` is what all answers have in common,
`record` and `metrics` what is told of them.

A model's way: `wishes` say what it wants of memory; the `pool` has a `slot` for it, in which the `loader`
puts an engine when somebody asks and there is `room`. `site` is what a configuration serves, and an
`arrangement` how one follows from another. `serve` is the life of it all, `service` its state.
"""
