import { ref } from 'vue'
import { EVIDENCE_FILES, evidenceRefusal } from '@/shared/domain/evidence'

/** Files chosen for a correction, before anything is sent. */
export function useEvidence() {
  const files = ref<File[]>([])
  const refusal = ref('')

  function add(event: Event): void {
    const input = event.target as HTMLInputElement
    refusal.value = ''
    for (const file of input.files ?? []) {
      const why = files.value.length >= EVIDENCE_FILES ? `最多 ${EVIDENCE_FILES} 份佐证材料` : evidenceRefusal(file)
      if (why) refusal.value = why
      else files.value.push(file)
    }
    input.value = '' // the same file may be chosen again after it was taken out
  }

  function remove(index: number): void {
    files.value.splice(index, 1)
    refusal.value = ''
  }

  return { files, refusal, add, remove }
}
