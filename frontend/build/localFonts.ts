import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

/**
 * Vant's icon font comes as a data URL, which the site's Content-Security-Policy refuses, with a fallback on somebody else's
 * server, which the product must never ask. Both become one file of our own; any other outside address stops the build.
 */
const DATA_FONT = /url\((["']?)data:font\/woff2;[^,)]*base64,([^)"']+)\1\)/g
const OUTSIDE_FONT = /,\s*url\((["']?)(?:https?:)?\/\/[^)]*\)\s*format\([^)]*\)/g
const OUTSIDE = /url\((["']?)(?:https?:)?\/\/[^)]*\)|@import\s+(?:url\()?["']?(?:https?:)?\/\//

export function localFonts(base: string): Plugin {
  return {
    name: 'zhishan-local-fonts',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue
        const css = String(file.source)
          .replace(OUTSIDE_FONT, '')
          .replace(DATA_FONT, (_whole, _quote, data: string) => {
            const source = Buffer.from(data, 'base64')
            const hash = createHash('sha256').update(source).digest('hex').slice(0, 8)
            const fileName = `assets/icons-${hash}.woff2`
            this.emitFile({ type: 'asset', fileName, source })
            return `url(${base}${fileName})`
          })
        const left = OUTSIDE.exec(css)
        if (left) this.error(`${file.fileName} asks another server: ${left[0].slice(0, 120)}`)
        file.source = css
      }
    },
  }
}
