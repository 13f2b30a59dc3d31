/** 佐证材料: what the server takes, said before it is sent. The server looks at the bytes again. */
export const EVIDENCE_ACCEPT = '.pdf,.jpg,.jpeg,.png'
export const EVIDENCE_FILES = 3
const EVIDENCE_MEGABYTES = 10
const KINDS = new Set(['pdf', 'jpg', 'jpeg', 'png'])

/** Why this file cannot be taken, in words; empty when it can. */
export function evidenceRefusal(file: { name: string; size: number }): string {
  const kind = file.name.split('.').pop()?.toLowerCase() ?? ''
  if (!KINDS.has(kind)) return `“${file.name}”不是 PDF、JPG 或 PNG 文件`
  if (file.size === 0) return `“${file.name}”是空文件`
  return file.size > EVIDENCE_MEGABYTES * 1024 * 1024 ? `“${file.name}”超过 ${EVIDENCE_MEGABYTES} MB` : ''
}

/** 812 KB, 3.4 MB. */
export function sizeText(bytes: number): string {
  const kilobytes = bytes / 1024
  return kilobytes < 1000 ? `${Math.max(1, Math.round(kilobytes))} KB` : `${(kilobytes / 1024).toFixed(1)} MB`
}
