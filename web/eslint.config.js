import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";
import noLiteralText from "./eslint-rules/no-literal-text.js";

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "src/generated/**", "public/**"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: {
      "react-hooks": reactHooks,
      talktalk: { rules: { "no-literal-text": noLiteralText } },
    },
    rules: {
      ...reactHooks.configs["recommended-latest"].rules,
      "talktalk/no-literal-text": "error",
      "no-console": "error",
      eqeqeq: "error",
      // Numbers read well in templates, and that is most of what we put there.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // React takes promises' absence from handlers; attributes may be async functions.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      // `() => setOpen(true)` is the ordinary form of a handler.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // TanStack Router redirects by throwing.
      "@typescript-eslint/only-throw-error": [
        "error",
        { allow: [{ from: "package", package: "@tanstack/router-core", name: "Redirect" }] },
      ],
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^@/features/[^/]+/(?!screens/|(?:phone|picture)-field$).+",
              message: "Enter another feature through its index.ts.",
            },
          ],
        },
      ],
    },
  },
  { files: ["**/*.test.{ts,tsx}", "src/testing/**"], rules: { "talktalk/no-literal-text": "off" } },
);
