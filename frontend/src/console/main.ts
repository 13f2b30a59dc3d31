import { createApp } from 'vue'
import { createQueryClient, VueQueryPlugin } from '@/shared/composables/query'
import { watchPresence } from '@/shared/composables/presence'
import { watchSignedOut } from '@/shared/composables/useSession'
import '@/shared/styles/tokens.css'
import './styles/theme.css'
import App from './App.vue'
import { createConsoleRouter } from './router'

const queryClient = createQueryClient()
watchSignedOut(queryClient)
watchPresence()

createApp(App).use(VueQueryPlugin, { queryClient }).use(createConsoleRouter(queryClient)).mount('#app')
