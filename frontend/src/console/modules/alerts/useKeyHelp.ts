import { ref, type Ref } from 'vue'

const shown = ref(false)

/** Whether the keys are explained above the alert: one for all alerts, because each is a page of its own. */
export const useKeyHelp = (): Ref<boolean> => shown
