// The page's own script: what HTML and htmx don't do by themselves.
(function () {
  'use strict'
  const root = document.documentElement
  const wide = matchMedia('(min-width: 1100px)')
  const keep = (key, value) => { try { localStorage.setItem(key, value) } catch { /* private windows */ } }
  const kept = (key) => { try { return localStorage.getItem(key) } catch { return null } }
  const draft = (box) => `draft ${box.dataset.place}`

  // Before anything is drawn: no flicker.
  if (kept('theme')) root.dataset.theme = kept('theme')
  root.dataset.story = wide.matches && kept('story') !== 'closed' ? 'open' : 'closed'
  root.dataset.places = 'closed'

  document.addEventListener('DOMContentLoaded', () => {
    const $ = (id) => document.getElementById(id)

    // A page that is left lets go of its stream: browsers keep left pages for the way back, and have six connections.
    let live = null
    window.htmx.createEventSource = (url) => { live = new EventSource(url); return live }
    window.addEventListener('pagehide', () => { if (live) live.close() })
    window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })

    // Panels and the theme.
    const toggles = () => document.querySelectorAll('[data-toggle]').forEach((button) => {
      button.setAttribute('aria-expanded', String(root.dataset[button.dataset.toggle] === 'open'))
    })
    toggles()
    document.addEventListener('click', (event) => {
      const toggle = event.target.closest('[data-toggle]')
      if (toggle) {
        const name = toggle.dataset.toggle
        root.dataset[name] = root.dataset[name] === 'open' ? 'closed' : 'open'
        if (name === 'story' && wide.matches) keep('story', root.dataset[name])
        toggles()
        const opener = document.querySelector(`.top [data-toggle="${name}"]`)
        if (root.dataset[name] === 'closed' && opener) opener.focus()
      }
      if (event.target.closest('[data-theme-switch]')) {
        const dark = root.dataset.theme
          ? root.dataset.theme === 'dark'
          : matchMedia('(prefers-color-scheme: dark)').matches
        root.dataset.theme = dark ? 'light' : 'dark'
        keep('theme', root.dataset.theme)
      }
      const emptied = event.target.closest('[data-empty]')
      if (emptied) $(emptied.dataset.empty).replaceChildren()
      // A button that opens a page clicks as well.
      const link = event.target.closest('a[data-click]')
      if (link) navigator.sendBeacon(link.dataset.click)
      // A click elsewhere closes menus.
      document.querySelectorAll('details.menu[open]').forEach((menu) => {
        if (!menu.contains(event.target)) menu.open = false
        else if (event.target.closest('.menu-list')) { menu.open = false; menu.firstElementChild.focus() }
      })
    })

    const wire = $('wire')
    wire.open = kept('wire') === 'open'
    wire.addEventListener('toggle', () => keep('wire', wire.open ? 'open' : 'closed'))

    // Menus by keyboard: arrows move, Escape closes.
    document.addEventListener('keydown', (event) => {
      const menu = event.target.closest('details.menu')
      if (event.key === 'Escape') {
        if (menu && menu.open) { menu.open = false; menu.firstElementChild.focus(); event.preventDefault(); return }
        if (root.dataset.places === 'open') { document.querySelector('.top [data-toggle="places"]').click() }
      }
      if (!menu || !['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return
      const items = [...menu.querySelectorAll('.menu-list a, .menu-list button')]
      if (!items.length) return
      menu.open = true
      const at = items.indexOf(document.activeElement)
      const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key]
      items.at(to % items.length).focus()
      event.preventDefault()
    })

    // Whoever reads at the bottom stays there; open menus stay open when their pane is drawn anew.
    document.querySelectorAll('#messages, #replies').forEach((pane) => {
      const sought = pane.querySelector('.sought')
      if (sought) sought.scrollIntoView({ block: 'center' })
      else pane.scrollTop = pane.scrollHeight
      let stays = !sought
      let openMenu = null
      let focused = false
      document.addEventListener('focusin', (event) => { focused = pane.contains(event.target) })
      pane.addEventListener('scroll', () => {
        stays = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 40
      }, { passive: true })
      pane.addEventListener('toggle', (event) => {
        if (event.target.open) openMenu = event.target.id
        else if (event.target.isConnected && openMenu === event.target.id) openMenu = null
      }, true)
      new MutationObserver(() => {
        const menu = openMenu && $(openMenu)
        if (menu) menu.open = true
        // What had the focus is gone: the keyboard goes on from the same pane.
        if (focused && document.activeElement === document.body) pane.focus({ preventScroll: true })
        if (stays) pane.scrollTop = pane.scrollHeight
      }).observe(pane, { childList: true })
      new ResizeObserver(() => { if (stays) pane.scrollTop = pane.scrollHeight }).observe(pane)
    })

    // The composers.
    const list = $('names')
    const options = [...list.children]
    let box = null
    let word = null
    let shown = []
    let chosen = -1

    const close = () => {
      list.hidden = true
      shown = []
      chosen = -1
      if (box) { box.setAttribute('aria-expanded', 'false'); box.removeAttribute('aria-activedescendant') }
    }
    const choose = (at) => {
      shown.forEach((option) => option.setAttribute('aria-selected', 'false'))
      chosen = (at + shown.length) % shown.length
      shown[chosen].setAttribute('aria-selected', 'true')
      shown[chosen].scrollIntoView({ block: 'nearest' })
      box.setAttribute('aria-activedescendant', shown[chosen].id)
    }
    const offer = () => {
      const before = box.value.slice(0, box.selectionStart)
      word = /(?:^|[\s(])([@#][^\s@#]*(?: [^\s@#]*)?)$/.exec(before) || /^(\/\S*)$/.exec(before)
      close()
      if (!word) return
      const sign = word[1][0]
      const wanted = word[1].slice(1).toLowerCase()
      const score = (option) => {
        const text = option.dataset.search
        if (text.startsWith(wanted)) return 0
        return text.includes(` ${wanted}`) ? 1 : -1
      }
      shown = options.filter((option) => option.dataset.insert[0] === sign && score(option) >= 0)
      shown.sort((one, other) => score(one) - score(other))
      shown = shown.slice(0, 8)
      options.forEach((option) => { option.hidden = !shown.includes(option); option.setAttribute('aria-selected', 'false') })
      if (!shown.length) return
      shown.forEach((option) => list.append(option))
      const frame = box.closest('form')
      frame.parentNode.insertBefore(list, frame)
      list.hidden = false
      box.setAttribute('aria-expanded', 'true')
      choose(0)
    }
    const take = (option) => {
      const end = box.selectionStart
      const start = end - word[1].length
      const rest = box.value.slice(end)
      const name = option.dataset.insert + (rest.startsWith(' ') ? '' : ' ')
      box.setRangeText(name, start, end, 'end')
      if (rest.startsWith(' ')) box.selectionStart = box.selectionEnd = box.selectionStart + 1
      close()
      grow(box)
    }
    const grow = (of) => {
      of.style.height = 'auto'
      of.style.height = `${Math.min(of.scrollHeight, 200)}px`
      try { sessionStorage.setItem(draft(of), of.value) } catch { /* private windows */ }
    }
    list.addEventListener('mousedown', (event) => {
      const option = event.target.closest('[role=option]')
      if (option) { event.preventDefault(); take(option) }
    })

    document.querySelectorAll('textarea[data-place]').forEach((of) => {
      const form = of.closest('form')
      const sent = []
      try { of.value = sessionStorage.getItem(draft(of)) || '' } catch { /* private windows */ }
      grow(of)
      of.addEventListener('focus', () => { if (box !== of) close(); box = of })
      of.addEventListener('input', () => { box = of; grow(of); offer() })
      of.addEventListener('click', () => { box = of; if (!list.hidden) offer() })
      of.addEventListener('blur', close)
      of.addEventListener('keydown', (event) => {
        if (event.isComposing) return
        if (!list.hidden) {
          const act = {
            ArrowDown: () => choose(chosen + 1),
            ArrowUp: () => choose(chosen - 1),
            Tab: () => take(shown[chosen]),
            Enter: () => take(shown[chosen]),
            Escape: close
          }[event.key]
          // A command that stands there in full is sent.
          const done = event.key === 'Enter' && word[1] === shown[chosen].dataset.insert
          if (act && !event.shiftKey && !done) { event.preventDefault(); event.stopPropagation(); act(); return }
        }
        if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); close(); form.requestSubmit() }
      })
      // What was sent is gone at once, as in Slack; what was refused comes back.
      form.addEventListener('htmx:beforeRequest', (event) => {
        if (!of.value.trim()) { event.preventDefault(); return }
        sent.push(of.value)
        of.value = ''
        grow(of)
      })
      const back = () => { const text = sent.shift(); if (text && !of.value) { of.value = text; grow(of) } }
      form.addEventListener('refused', back)
      form.addEventListener('htmx:sendError', back)
      form.addEventListener('htmx:responseError', back)
      form.addEventListener('htmx:afterRequest', (event) => {
        if (event.detail.successful && !event.detail.xhr.getResponseHeader('HX-Trigger')) sent.shift()
      })
    })
    const start = $('thread-composer') || $('composer')
    if (start && wide.matches && !document.querySelector('.sought')) start.focus({ preventScroll: true })

    // A modal has the page to itself: the rest rests, the first field has the focus, Escape closes it.
    let shownView = null
    const modal = $('modal')
    const settleModal = () => {
      const form = modal.querySelector('.modal')
      document.querySelectorAll('body > :not(#modal):not(#lost)').forEach((part) => { part.inert = Boolean(form) })
      if (!form) {
        if (shownView) { const back = $('thread-composer') || $('composer'); if (back) back.focus({ preventScroll: true }) }
        shownView = null
        return
      }
      const wrong = form.querySelector('.is-wrong textarea, .is-wrong input, .is-wrong select')
      if (form.dataset.view !== shownView || wrong) {
        const field = wrong || form.querySelector('.modal-body textarea, .modal-body input, .modal-body select, .modal-body button') || form.querySelector('footer button')
        if (field) field.focus()
      }
      shownView = form.dataset.view
    }
    new MutationObserver(settleModal).observe(modal, { childList: true })
    settleModal()
    modal.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.target.closest('details[open]')) { event.preventDefault(); $('modal-close').click() }
    })
    modal.addEventListener('input', (event) => {
      if (!event.target.classList.contains('filter')) return
      const wanted = event.target.value.trim().toLowerCase()
      event.target.closest('.picker').querySelectorAll('label').forEach((label) => { label.hidden = !label.dataset.search.includes(wanted) })
    })

    // Whether the page still hears anything.
    document.body.addEventListener('htmx:sseError', () => { $('lost').hidden = false })
    document.body.addEventListener('htmx:sseOpen', () => { $('lost').hidden = true })
  })
})()
