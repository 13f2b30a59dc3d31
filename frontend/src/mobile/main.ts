import { createApp } from 'vue'
import { watchPresence } from '@/shared/composables/presence'
import { createQueryClient, VueQueryPlugin } from '@/shared/composables/query'
import { watchSignedOut } from '@/shared/composables/useSession'
import '@/shared/styles/tokens.css'
import './styles/theme.css'
import App from './App.vue'
import { createPhoneRouter } from './router'

const queryClient = createQueryClient()
watchSignedOut(queryClient)
watchPresence()

createApp(App).use(VueQueryPlugin, { queryClient }).use(createPhoneRouter(queryClient)).mount('#app')
