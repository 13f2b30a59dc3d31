// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const eslint = new ESLint({ cwd: root })
const rulesBroken = async (filePath: string, code: string) => {
  const [result] = await eslint.lintText(code, { filePath: join(root, filePath) })
  return result?.messages.map((message) => message.ruleId)
}
const IMPORTS = '@typescript-eslint/no-restricted-imports'

it.each([
  ['src/shared/composables/useX.ts', "import { ElButton } from 'element-plus'\nexport const x = ElButton\n"],
  ['src/shared/composables/useX.ts', "import { Button } from 'vant'\nexport const x = Button\n"],
  ['src/shared/composables/useX.ts', "import { MENU } from '@/console/modules'\nexport const x = MENU\n"],
  ['src/shared/domain/x.ts', "import { ref } from 'vue'\nexport const x = ref(1)\n"],
  ['src/shared/domain/x.ts', "import { api } from '@/shared/api/client'\nexport const x = api\n"],
  ['src/console/x.ts', "import { TABS } from '@/mobile/modules'\nexport const x = TABS\n"],
  ['src/console/x.ts', "import { Button } from 'vant'\nexport const x = Button\n"],
  ['src/console/x.ts', "import { api } from '@/shared/api/client'\nexport const x = api\n"],
  ['src/mobile/x.ts', "import { ElButton } from 'element-plus/es/components/button'\nexport const x = ElButton\n"],
  ['src/mobile/x.ts', "import { useQuery } from '@tanstack/vue-query'\nexport const x = useQuery\n"],
])('refuses a forbidden import in %s: %s', async (filePath, code) => {
  expect(await rulesBroken(filePath, code)).toEqual([IMPORTS])
})

it('lets the console use types of the API and composables', async () => {
  const code = "import type { Task } from '@/shared/api/types'\nimport { useTasks } from '@/shared/composables/useTasks'\nexport const x = (task: Task) => [task, useTasks]\n"
  expect(await rulesBroken('src/console/x.ts', code)).toEqual([])
})

it('refuses HTML injection and storage in the browser', async () => {
  const page = '<script setup lang="ts">\nconst x = 1\n</script>\n\n<template>\n  <p v-html="x" />\n</template>\n'
  expect(await rulesBroken('src/console/X.vue', page)).toEqual(['vue/no-v-html'])
  expect(await rulesBroken('src/shared/composables/x.ts', "export const x = () => localStorage.getItem('token')\n")).toEqual(['no-restricted-globals'])
})

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(vue|css)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

// Chromium below 84 ignores `gap` in a flex container: things touch each other there. Grid has `grid-gap`.
it('uses no flex gap and nothing else that the oldest browser drops', () => {
  const bad = sources(join(root, 'src')).flatMap((file) => {
    const css = readFileSync(file, 'utf8')
    return [/(?:^|[\s;{])gap:/m, /\b(?:clamp|color-mix)\(/, /:has\(/, /aspect-ratio:/, /\d(?:dvh|svh)\b/].flatMap((rule) => (rule.test(css) ? [`${file}: ${rule}`] : []))
  })
  expect(bad).toEqual([])
})

it('names no outside address in pages and styles', () => {
  const files = [...sources(join(root, 'src')), join(root, 'pc.html'), join(root, 'm.html')]
  const bad = files.filter((file) => /(?:src|href)="(?:https?:)?\/\/|url\(["']?(?:https?:)?\/\//.test(readFileSync(file, 'utf8')))
  expect(bad).toEqual([])
})
