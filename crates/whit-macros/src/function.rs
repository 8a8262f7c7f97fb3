//! A plain function around an async one.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// From `async fn name() -> T { … }` to `fn name() -> T { async fn name() -> T { … } call }`, where `call` is told the name.
///
/// Attributes and visibility go to the outer one. All tokens keep their places, so that messages and panics name the lines
/// of the program.
pub(crate) fn wrap(item: TokenStream, call: impl Fn(&str) -> String) -> Result<TokenStream, Error> {
    let tokens: Vec<_> = item.into_iter().collect();
    let is = |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(ident) if ident.to_string() == word);
    let Some(at) = tokens.iter().position(|token| is(token, "fn")) else {
        return Err(Error::at(Span::call_site(), "this attribute is for async functions: async fn main() {}"));
    };
    let (before, function) = tokens.split_at(at);
    let Some(asynchronous) = before.iter().find(|token| is(token, "async")) else {
        return Err(Error::at(function[0].span(), "this attribute is for async functions: put `async` before `fn`"));
    };
    let [_, name, rest @ ..] = function else {
        return Err(Error::at(function[0].span(), "this function has no name"));
    };
    match rest.first() {
        Some(TokenTree::Group(arguments)) if arguments.stream().is_empty() => {}
        Some(TokenTree::Group(arguments)) => {
            return Err(Error::at(arguments.span(), "this function is called with no arguments, so it can take none"));
        }
        _ => return Err(Error::at(name.span(), "this function cannot be generic: nobody would choose the types")),
    }
    let Some((TokenTree::Group(body), _)) = rest.split_last() else {
        return Err(Error::at(name.span(), "this function has no body"));
    };
    if body.delimiter() != Delimiter::Brace {
        return Err(Error::at(name.span(), "this function has no body"));
    }

    let call = call(&name.to_string()).parse().map_err(|_| Error::at(name.span(), "this name is not understood"))?;
    let inner: TokenStream = [asynchronous.clone()].into_iter().chain(function.iter().cloned()).collect();
    let whole: TokenStream = [inner, call].into_iter().collect();
    let mut outer: Vec<_> = before.iter().filter(|token| !is(token, "async")).cloned().collect();
    outer.extend(function[..function.len() - 1].iter().cloned());
    outer.push(TokenTree::Group(Group::new(Delimiter::Brace, whole)));
    Ok(outer.into_iter().collect())
}

/// What is wrong, and where.
pub(crate) struct Error {
    at: Span,
    text: String,
}

impl Error {
    pub(crate) fn at(at: Span, text: impl Into<String>) -> Error {
        Error { at, text: text.into() }
    }

    /// `compile_error! { "…" }`, at the place.
    pub(crate) fn to_tokens(&self) -> TokenStream {
        let text: TokenStream = TokenTree::Literal(Literal::string(&self.text)).into();
        let tokens = [
            TokenTree::Ident(Ident::new("compile_error", self.at)),
            TokenTree::Punct(Punct::new('!', Spacing::Alone)),
            TokenTree::Group(Group::new(Delimiter::Brace, text)),
        ];
        tokens
            .into_iter()
            .map(|mut token| {
                token.set_span(self.at);
                token
            })
            .collect()
    }
}
