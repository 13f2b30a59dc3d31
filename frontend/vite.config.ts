import { fileURLToPath, URL } from 'node:url'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import legacy from '@vitejs/plugin-legacy'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver, VantResolver } from 'unplugin-vue-components/resolvers'
import { localFonts } from './build/localFonts.ts'

// Django serves the build below this address, and hands out pc.html at "/" and m.html at "/m/".
const BASE = '/static/app/'

export default defineConfig({
  base: BASE,
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  plugins: [
    vue(),
    // Only library components are resolved by name; our own are imported, so that a reader sees where they come from.
    Components({
      dts: 'components.d.ts',
      dirs: [],
      resolvers: [ElementPlusResolver({ importStyle: 'css' }), VantResolver()],
    }),
    // The floor is Chromium 69 (浙政钉 and older 信创 browsers): one modern build with the polyfills it uses.
    legacy({ modernTargets: 'chrome>=69', modernPolyfills: true, renderLegacyChunks: false }),
    localFonts(BASE),
  ],
  build: {
    cssTarget: 'chrome69',
    rolldownOptions: { input: ['pc.html', 'm.html'] },
    // Element Plus in one page is what the console is made of; the phone never loads it.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { '/api': process.env.ZHISHAN_SERVER ?? 'http://127.0.0.1:8000' },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.spec.ts', 'tests/**/*.spec.ts'],
    env: { TZ: 'Asia/Shanghai' },
    // Library components bring their style sheets, which only Vite can read.
    server: { deps: { inline: ['element-plus', 'vant'] } },
  },
})
