/**
 * Every text a person reads comes from the message catalogue, so that both languages stay complete.
 * Refuses letters in JSX text and in the attributes that are shown or read aloud.
 */
const SPOKEN = new Set(["alt", "aria-label", "aria-description", "label", "placeholder", "title", "hint"]);
const LETTERS = /\p{L}/u;

/** @type {import("eslint").Rule.RuleModule} */
export default {
  meta: {
    type: "problem",
    messages: {
      literal:
        "“{{text}}” is written in code. Put it into src/i18n/ko and src/i18n/en and use t(\"…\").",
    },
    schema: [],
  },
  create(context) {
    const report = (node, text) => {
      const trimmed = text.trim();
      if (LETTERS.test(trimmed)) {
        context.report({ node, messageId: "literal", data: { text: trimmed.slice(0, 40) } });
      }
    };
    const check = (node) => {
      if (node.type === "Literal" && typeof node.value === "string") report(node, node.value);
      else if (node.type === "TemplateLiteral") {
        for (const quasi of node.quasis) report(quasi, quasi.value.cooked ?? "");
      } else if (node.type === "ConditionalExpression") {
        check(node.consequent);
        check(node.alternate);
      } else if (node.type === "LogicalExpression") check(node.right);
    };
    return {
      JSXText: (node) => report(node, node.value),
      JSXExpressionContainer(node) {
        if (node.parent.type === "JSXElement" || node.parent.type === "JSXFragment") {
          check(node.expression);
        }
      },
      JSXAttribute(node) {
        if (node.name.type !== "JSXIdentifier" || !SPOKEN.has(node.name.name)) return;
        if (node.value?.type === "Literal") check(node.value);
        else if (node.value?.type === "JSXExpressionContainer") check(node.value.expression);
      },
    };
  },
};
