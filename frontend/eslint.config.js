import ts from 'typescript-eslint'
import vue from 'eslint-plugin-vue'

/*
 * Who may import whom:
 *   console | mobile  →  shared/composables  →  shared/api;   all  →  shared/domain
 * A UI library in `shared` would pull Element Plus into the phone; an API call in a component would make a second way to approve.
 */
const UI_LIBRARIES = ['element-plus', 'element-plus/*', '@element-plus/*', 'vant', 'vant/*']
const patterns = (...groups) => ['error', { patterns: groups }]
const no = (group, message, allowTypeImports = false) => ({ group, message, allowTypeImports })

const noUi = no(UI_LIBRARIES, 'shared has no UI library: the console and the phone both use it.')
const noApps = no(['@/console/*', '@/mobile/*', '**/console/**', '**/mobile/**'], 'shared never knows its users.')
const noApi = no(['@/shared/api/*', '**/shared/api/**'], 'Call the server through shared/composables (types are free to use).', true)

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/shared/api/schema.d.ts', 'components.d.ts'] },
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      // Layout rules that drown everything else.
      'vue/multi-word-component-names': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/attributes-order': 'off',
      // TypeScript's optional props have no default on purpose: undefined means "not given".
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/no-undef-components': 'off',
    },
  },
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-properties': ['error', { property: 'innerHTML', message: 'Text only, no HTML injection.' }],
      'no-restricted-globals': [
        'error',
        { name: 'localStorage', message: 'Nothing of a session or a person is kept in the browser.' },
        { name: 'sessionStorage', message: 'Nothing of a session or a person is kept in the browser.' },
      ],
      'max-lines': ['error', 400],
      eqeqeq: 'error',
    },
  },
  { files: ['src/shared/**'], rules: { '@typescript-eslint/no-restricted-imports': patterns(noUi, noApps) } },
  {
    files: ['src/shared/domain/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': patterns(
        noUi,
        noApps,
        noApi,
        no(['vue', 'vue-router', '@tanstack/*', 'openapi-fetch', '@/shared/composables/*'], 'domain is plain TypeScript.'),
      ),
    },
  },
  {
    files: ['src/console/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': patterns(
        noApi,
        no(['@/mobile/*', '**/mobile/**', 'vant', 'vant/*'], 'The console never loads the phone.'),
        no(['@tanstack/*'], 'Server state is read through shared/composables.'),
      ),
    },
  },
  {
    files: ['src/mobile/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': patterns(
        noApi,
        no(['@/console/*', '**/console/**', 'element-plus', 'element-plus/*', '@element-plus/*'], 'The phone never loads the console.'),
        no(['@tanstack/*'], 'Server state is read through shared/composables.'),
      ),
    },
  },
)
